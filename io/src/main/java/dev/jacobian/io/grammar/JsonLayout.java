// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import dev.jacobian.io.FormatException;

/**
 * The white space that JSON may have between its signs: behind an opening bracket, before a closing one, and on both sides of commas and
 * colons. There is never any before the value or behind it.
 *
 * <p>Decision: at most one blank unless told otherwise, as Outlines has it. So both {@code {"a":1}} and {@code {"a": 1}} can be
 * written, and a model that has nothing to say cannot go on with blanks for ever.
 *
 * @param whitespace a regular expression of blanks, tabs and line ends
 */
public record JsonLayout(String whitespace) {
    private static final CodePointSet BLANKS = CodePointSet.ofCharacters(" \t\n\r");

    /** At most one blank. */
    public static final JsonLayout DEFAULT = new JsonLayout(" ?");

    /** None at all. */
    public static final JsonLayout COMPACT = new JsonLayout("");

    /** @throws FormatException if the expression allows anything but white space of JSON */
    public JsonLayout {
        requireBlank(RegexParser.parse(whitespace, "white space"), whitespace);
    }

    private static void requireBlank(Regex regex, String whole) {
        switch (regex) {
            case Regex.Characters(CodePointSet set) -> {
                if (!set.minus(BLANKS).isEmpty()) {
                    throw new FormatException(
                            "white space",
                            "the regular expression " + whole + " matches more than blanks, tabs and line ends",
                            "JSON has no other white space; write for instance [ \\n]{0,8}");
                }
            }
            case Regex.Sequence(var parts) -> parts.forEach(part -> requireBlank(part, whole));
            case Regex.Choice(var ways) -> ways.forEach(way -> requireBlank(way, whole));
            case Regex.Repeat repeat -> requireBlank(repeat.body(), whole);
        }
    }

    Regex regex() {
        return RegexParser.parse(whitespace, "white space");
    }
}
