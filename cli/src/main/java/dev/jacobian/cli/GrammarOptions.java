// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.io.Json;
import dev.jacobian.io.grammar.Grammar;
import dev.jacobian.io.grammar.JsonLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import picocli.CommandLine.Option;

/** What the continuation must be a text of; the names are vLLM's, spelled as options. */
final class GrammarOptions {
    @Option(
            names = "--json-schema",
            paramLabel = "FILE",
            description = "The continuation is JSON that satisfies this schema, its properties in the schema's order."
                    + " A keyword of the schema that is not understood is an error.")
    private Optional<Path> jsonSchema = Optional.empty();

    @Option(names = "--json-object", description = "The continuation is a JSON object.")
    private boolean jsonObject;

    @Option(
            names = "--regex",
            paramLabel = "PATTERN",
            description = "The continuation matches this regular expression from beginning to end.")
    private Optional<String> regex = Optional.empty();

    @Option(
            names = "--choice",
            paramLabel = "TEXT",
            description = "The continuation is one of these texts; give the option once for each.")
    private List<String> choices = new ArrayList<>();

    @Option(
            names = "--whitespace-pattern",
            paramLabel = "PATTERN",
            description = "White space that JSON may have between its signs, as a regular expression (default: ' ?', at"
                    + " most one blank).")
    private Optional<String> whitespace = Optional.empty();

    /** What is wrong with the options as they were given. */
    Optional<String> fault() {
        List<String> given = new ArrayList<>();
        jsonSchema.ifPresent(file -> given.add("--json-schema"));
        regex.ifPresent(pattern -> given.add("--regex"));
        if (jsonObject) {
            given.add("--json-object");
        }
        if (!choices.isEmpty()) {
            given.add("--choice");
        }
        if (given.size() > 1) {
            return Optional.of(String.join(" and ", given) + " exclude each other");
        }
        boolean json = jsonObject || jsonSchema.isPresent();
        return whitespace.isPresent() && !json
                ? Optional.of("--whitespace-pattern is about --json-schema and --json-object, and there is neither")
                : Optional.empty();
    }

    /**
     * The grammar that was asked for; reads the schema's file.
     *
     * @throws dev.jacobian.io.FormatException if a pattern or schema cannot be understood
     */
    Optional<Grammar> grammar() {
        Supplier<JsonLayout> layout = () -> whitespace.map(JsonLayout::new).orElse(JsonLayout.DEFAULT);
        if (jsonSchema.isPresent()) {
            Path file = jsonSchema.get();
            return Optional.of(Grammar.jsonSchema(Json.read(file), layout.get(), file.toString()));
        }
        if (jsonObject) {
            return Optional.of(Grammar.jsonObject(layout.get()));
        }
        return regex.map(Grammar::regex)
                .or(() -> choices.isEmpty() ? Optional.empty() : Optional.of(Grammar.choice(choices)));
    }
}
