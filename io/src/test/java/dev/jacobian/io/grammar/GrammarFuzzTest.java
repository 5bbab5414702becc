// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.testing.fuzz.Bytes;
import dev.jacobian.testing.fuzz.Choices;
import dev.jacobian.testing.fuzz.Fuzz;
import dev.jacobian.testing.fuzz.JsonMutator;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Broken patterns and schemas: a grammar that can be followed, or a clear error. */
class GrammarFuzzTest {
    private static final List<String> PIECES = List.of(
            "{9999}",
            "{0,99999}",
            "((((",
            "[^",
            "\\u",
            "\\p{",
            "(?<",
            "|",
            "*",
            "(?:",
            "\\",
            "(a*)*",
            "[\\s\\S]{0,999}",
            "$",
            "^",
            "\ud83d");

    @Test
    void readsPatternsOrSaysWhatIsWrong() {
        int inputs = Fuzz.inputs(2000);
        int read = Fuzz.run(
                inputs,
                7,
                choices -> pattern(choices).getBytes(StandardCharsets.UTF_8),
                input -> follow(Grammar.regex(new String(input, StandardCharsets.UTF_8)), input.length),
                FormatException.class::isInstance);
        assertThat(read).isBetween(inputs / 20, inputs - inputs / 20);
    }

    private static String pattern(Choices choices) {
        StringBuilder pattern = new StringBuilder(RandomRegex.of(choices, 5));
        for (int i = choices.below(3); i > 0; i--) {
            pattern.insert(choices.below(pattern.length() + 1), choices.of(PIECES));
        }
        return choices.oneIn(4)
                ? new String(
                        Bytes.mutate(pattern.toString().getBytes(StandardCharsets.UTF_8), choices),
                        StandardCharsets.UTF_8)
                : pattern.toString();
    }

    @Test
    void readsSchemasOrSaysWhatIsWrong() {
        int inputs = Fuzz.inputs(2000);
        int read = Fuzz.run(
                inputs,
                8,
                choices -> {
                    JsonNode schema = RandomSchema.of(choices);
                    return (choices.oneIn(8) ? schema : JsonMutator.mutate(schema, choices))
                            .toString()
                            .getBytes(StandardCharsets.UTF_8);
                },
                input -> follow(
                        Grammar.jsonSchema(Json.parse(input, "schema"), JsonLayout.DEFAULT, "schema"), input.length),
                FormatException.class::isInstance);
        assertThat(read).isBetween(inputs / 20, inputs - inputs / 20);
    }

    private static void follow(Grammar grammar, int seed) {
        RandomTexts.bytes(grammar, new Choices(9, seed), 20);
    }
}
