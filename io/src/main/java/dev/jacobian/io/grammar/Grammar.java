// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * A set of texts: one of a list, those that match a regular expression, JSON of a schema, or some of these one after the other.
 *
 * <pre>{@code
 * Grammar colour = Grammar.choice(List.of("red", "green"));
 * Grammar date = Grammar.regex("[0-9]{4}-[0-9]{2}-[0-9]{2}");
 * Grammar person = Grammar.jsonSchema(Json.read(file), JsonLayout.DEFAULT, file.toString());
 * Grammar call = Grammar.sequence(List.of(Grammar.text("<tool_call>"), person, Grammar.text("</tool_call>")));
 * }</pre>
 *
 * <p>A {@link TokenGrammar} says which tokens of a vocabulary may come next in such a text.
 *
 * <p>Decisions: a grammar is compiled when it is made, so that a pattern or schema that is wrong, not supported or too large is an error
 * there, with its place. Patterns and schemas may come from strangers: what a grammar takes is limited, and so is
 * what following it takes. Immutable, and safe for any number of threads.
 */
public final class Grammar {
    private final Part part;
    private final String where;
    private final Automaton automaton;

    /** Writes the texts with {@code next} behind them. */
    @FunctionalInterface
    private interface Part {
        int write(ProgramBuilder out, int next);
    }

    private Grammar(Part part, String where) {
        this.part = part;
        this.where = where;
        ProgramBuilder builder = new ProgramBuilder(where);
        int start = part.write(builder, builder.end());
        automaton = new Automaton(builder.build(start), where);
    }

    /** This text alone. */
    public static Grammar text(String text) {
        return choice(List.of(text));
    }

    /** One of the texts. */
    public static Grammar choice(List<String> texts) {
        if (texts.isEmpty()) {
            throw new FormatException("choice", "there is nothing to choose from", "Give at least one text");
        }
        List<String> copy = List.copyOf(texts);
        return new Grammar((out, next) -> out.words(copy, next), "choice");
    }

    /**
     * The texts that an expression matches from beginning to end. The syntax is what Python, Rust and ECMAScript share:
     * {@code . [a-z] [^a-z] \d \w \s \p{L} (?:a|b) (?<name>a) * + ? {2,5}}; {@code ^} and {@code $} may stand at the two ends and change
     * nothing. {@code .} is any character but a line feed; {@code \d \w \s} are ASCII.
     *
     * @throws FormatException if the pattern is malformed, too large, or has what no automaton can do: look-around, back-references,
     *     flags
     */
    public static Grammar regex(String pattern) {
        Regex regex = RegexParser.parse(pattern, "regex");
        return new Grammar((out, next) -> regex.write(out, ProgramBuilder.UTF8, next), "regex");
    }

    /**
     * JSON that satisfies a schema, its properties in the schema's order. Understood are {@code type}, {@code enum}, {@code const},
     * {@code anyOf}, {@code oneOf} of schemas that exclude each other, {@code $ref} into the schema itself, {@code properties},
     * {@code required}, {@code additionalProperties}, {@code items}, {@code prefixItems}, {@code minItems}, {@code maxItems},
     * {@code minLength}, {@code maxLength}, {@code pattern}, {@code format}, {@code minimum}, {@code maximum} and their exclusive
     * forms, and {@code nullable}. Properties and elements that the schema does not mention are only there where it asks for them.
     *
     * @param where what the schema was read from, for messages
     * @throws FormatException if the schema is malformed, too large, allows nothing, or has a keyword that is not understood
     */
    public static Grammar jsonSchema(JsonNode schema, JsonLayout layout, String where) {
        JsonNode copy = schema.deepCopy();
        return new Grammar((out, next) -> new SchemaCompiler(out, copy, layout, where).write(next), where);
    }

    /** Any JSON object. */
    public static Grammar jsonObject(JsonLayout layout) {
        return jsonSchema(Json.object().put("type", "object"), layout, "JSON object");
    }

    /** Texts of several grammars, one of each, one after the other. */
    public static Grammar sequence(List<Grammar> grammars) {
        List<Grammar> parts = List.copyOf(grammars);
        return new Grammar(
                (out, next) -> {
                    int start = next;
                    for (Grammar grammar : parts.reversed()) {
                        start = grammar.part.write(out, start);
                    }
                    return start;
                },
                names(parts));
    }

    /** Texts of any of several grammars. */
    public static Grammar anyOf(List<Grammar> grammars) {
        List<Grammar> parts = List.copyOf(grammars);
        return new Grammar(
                (out, next) -> out.split(parts.stream()
                        .map(grammar -> grammar.part.write(out, next))
                        .toList()),
                names(parts));
    }

    private static String names(List<Grammar> parts) {
        return String.join(
                " and ", parts.stream().map(grammar -> grammar.where).distinct().toList());
    }

    /** Whether a text is one of them. */
    public boolean matches(String text) {
        Automaton.State end = automaton.run(automaton.start(), text.getBytes(StandardCharsets.UTF_8));
        return end != null && end.accepting();
    }

    Automaton automaton() {
        return automaton;
    }

    /** What it was read from, for messages. */
    String where() {
        return where;
    }
}
