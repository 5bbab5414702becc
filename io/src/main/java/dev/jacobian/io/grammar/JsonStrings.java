// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.jacobian.io.grammar.Regex.Characters;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes strings of JSON as they may be spelled between quotes.
 *
 * <p>Decisions: a string without a pattern may use any escape that makes a whole character: half of a surrogate pair, which is
 * no text, is never written. A string with a pattern, and a name that must differ from others, has one spelling for each character:
 * itself, or its shortest escape where it needs one.
 */
final class JsonStrings {
    private static final CodePointSet ESCAPED = CodePointSet.range(0, 0x1F).or(CodePointSet.ofCharacters("\"\\"));
    private static final CodePointSet PLAIN = ESCAPED.not();

    /** Everything that stands for one character. */
    private static final Regex CHARACTER = Regex.choice(
            new Characters(PLAIN),
            RegexParser.parse("\\\\[\"\\\\/bfnrt]", "escape"),
            RegexParser.parse("\\\\u(?:[0-9a-cefA-CEF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2})", "escape"),
            RegexParser.parse("\\\\u[dD][89abAB][0-9a-fA-F]{2}\\\\u[dD][c-fC-F][0-9a-fA-F]{2}", "escape"));

    private final ProgramBuilder out;
    private int character = -1;

    JsonStrings(ProgramBuilder out) {
        this.out = out;
    }

    /** Any string of so many characters. */
    int any(int least, int most, int next) {
        int close = out.text("\"", next);
        int inside = new Regex.Repeat(new Characters(CodePointSet.ALL), least, most)
                .write(out, (builder, set, behind) -> builder.call(characterRule(), behind), close);
        return out.text("\"", inside);
    }

    /** A string whose characters match. */
    int matching(Regex regex, int next) {
        int inside = regex.write(out, JsonStrings::letter, out.text("\"", next));
        return out.text("\"", inside);
    }

    /** A string in its usual spelling, with its quotes. */
    static String quoted(String text) {
        return JsonNodeFactory.instance.textNode(text).toString();
    }

    private int characterRule() {
        if (character < 0) {
            character = out.rule("a character of a string");
            out.define(character, CHARACTER.write(out, ProgramBuilder.UTF8, out.end()));
        }
        return character;
    }

    /** One character of a set: itself, or its escape. */
    static int letter(ProgramBuilder out, CodePointSet set, int next) {
        List<Integer> ways = new ArrayList<>();
        CodePointSet plain = set.and(PLAIN);
        if (!plain.isEmpty()) {
            ways.add(out.set(plain, next));
        }
        CodePointSet escaped = set.and(ESCAPED);
        if (!escaped.isEmpty()) {
            List<String> spellings = new ArrayList<>();
            for (int c : escaped.toArray()) {
                String quoted = quoted(Character.toString(c));
                spellings.add(quoted.substring(1, quoted.length() - 1));
            }
            ways.add(out.words(spellings, next));
        }
        return out.split(ways);
    }
}
