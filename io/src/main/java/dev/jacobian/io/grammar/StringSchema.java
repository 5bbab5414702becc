// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import dev.jacobian.io.Json;
import dev.jacobian.io.grammar.Regex.Repeat;

/** Strings that a schema allows: of a length, or of a pattern, or of a format. */
final class StringSchema {
    private static final Regex ANYTHING = new Repeat(new Regex.Characters(CodePointSet.ALL), 0, Regex.UNLIMITED);

    private StringSchema() {}

    static int write(Schema schema, ProgramBuilder out, JsonStrings strings, int next) {
        int least = schema.count("minLength", 0);
        int most = schema.count("maxLength", Regex.UNLIMITED);
        if (most != Regex.UNLIMITED && least > most) {
            throw schema.error("'minLength' is larger than 'maxLength'", "Correct one of them");
        }
        boolean length = least > 0 || most != Regex.UNLIMITED;
        if (schema.has("pattern") && (length || schema.has("format")) || schema.has("format") && length) {
            throw schema.error(
                    "'pattern', 'format' and lengths together are not supported",
                    "Put the lengths into the pattern, as in ^[a-z]{2,8}$");
        }
        if (schema.has("pattern")) {
            return strings.matching(pattern(schema), next);
        }
        if (schema.has("format")) {
            return strings.matching(format(schema), next);
        }
        return strings.any(least, most, next);
    }

    /** A pattern matches anywhere in a string unless its anchors say otherwise. */
    private static Regex pattern(Schema schema) {
        if (!schema.node().get("pattern").isTextual()) {
            throw schema.error("'pattern' is " + Json.excerpt(schema.node().get("pattern")), "It must be a string");
        }
        RegexParser.Anchored pattern =
                RegexParser.parseAnchored(schema.node().get("pattern").textValue(), schema.place());
        return Regex.sequence(
                pattern.atStart() ? Regex.EMPTY : ANYTHING, pattern.regex(), pattern.atEnd() ? Regex.EMPTY : ANYTHING);
    }

    private static Regex format(Schema schema) {
        String name = schema.node().get("format").asText();
        if (!StringFormats.has(name)) {
            throw schema.error(
                    "the format '" + name + "' is not supported",
                    "Known are " + StringFormats.names() + "; leave it out, or use a pattern");
        }
        return StringFormats.of(name);
    }
}
