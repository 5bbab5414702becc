// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import dev.jacobian.io.FormatException;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads a regular expression in the syntax that Python, Rust and ECMAScript share: characters, {@code .}, classes with ranges and
 * negation, groups (captured, named or not), {@code |}, {@code * + ? {m} {m,} {m,n}} greedy or lazy, the escapes of {@link
 * CharacterClasses}.
 *
 * <p>Decisions: what is looked for is the set of texts, so a lazy repetition is the greedy one and a group captures nothing.
 * {@code .} is anything but a line feed; classes are ASCII, as in ECMAScript, and {@code \p{L}} is Unicode. {@code ^} may stand where
 * the text begins and {@code $} where it ends, and nowhere else. Whatever else needs to look around (look-ahead, look-behind, word boundaries,
 * back-references) or changes meaning as it goes (flags, possessive and atomic groups) is an error that names it.
 */
final class RegexParser {
    /** Deepest nesting of groups. */
    private static final int MAX_DEPTH = 100;

    private static final int MAX_LENGTH = 1 << 16;
    private static final int MAX_COUNT = 1 << 20;

    private final int[] pattern; // characters
    private final String where;
    private int at;
    private int depth;
    private boolean anchoredStart;
    private boolean anchoredEnd;
    private boolean alternatives; // outside of all groups

    private RegexParser(String pattern, String where) {
        this.pattern = pattern.codePoints().toArray();
        this.where = where;
    }

    /**
     * An expression and whether it says itself that it begins and ends where the text does.
     *
     * @param regex without the anchors
     */
    record Anchored(Regex regex, boolean atStart, boolean atEnd) {}

    /**
     * The texts that match from their beginning to their end.
     *
     * @throws FormatException if the pattern is malformed or cannot be had
     */
    static Regex parse(String pattern, String where) {
        return parseAnchored(pattern, where).regex();
    }

    /** The same with what its anchors say. */
    static Anchored parseAnchored(String pattern, String where) {
        RegexParser parser = new RegexParser(pattern, where);
        if (pattern.length() > MAX_LENGTH) {
            throw new FormatException(
                    where,
                    "the regular expression has " + pattern.length() + " characters; up to " + MAX_LENGTH + " are read",
                    "Shorten it");
        }
        Regex regex = parser.whole();
        return new Anchored(regex, parser.anchoredStart, parser.anchoredEnd);
    }

    private Regex whole() {
        anchoredStart = take('^');
        int end = pattern.length;
        anchoredEnd = end > at && pattern[end - 1] == '$' && !escaped(end - 1);
        Regex regex = choice();
        if (at < end) {
            throw error("there is a ')' that no '(' opens", "Escape it as \\)");
        }
        if ((anchoredStart || anchoredEnd) && alternatives) {
            throw error(
                    "an anchor belongs to one alternative alone", "Put the alternatives in a group, as in ^(?:a|b)$");
        }
        return regex;
    }

    private boolean escaped(int index) {
        int slashes = 0;
        while (index - slashes - 1 >= 0 && pattern[index - slashes - 1] == '\\') {
            slashes++;
        }
        return slashes % 2 == 1;
    }

    private Regex choice() {
        if (++depth > MAX_DEPTH) {
            throw error("groups are nested deeper than " + MAX_DEPTH, "Write it flatter");
        }
        List<Regex> ways = new ArrayList<>();
        do {
            ways.add(sequence());
        } while (take('|'));
        depth--;
        alternatives = depth == 0 && ways.size() > 1;
        return ways.size() == 1 ? ways.getFirst() : new Regex.Choice(ways);
    }

    private Regex sequence() {
        List<Regex> parts = new ArrayList<>();
        while (at < pattern.length && pattern[at] != '|' && pattern[at] != ')') {
            if (anchoredEnd && depth == 1 && at == pattern.length - 1) {
                at++; // the '$'
                break;
            }
            parts.add(repeated(atom()));
        }
        return parts.size() == 1 ? parts.getFirst() : new Regex.Sequence(parts);
    }

    private Regex atom() {
        int c = pattern[at++];
        return switch (c) {
            case '(' -> group();
            case '[' -> new Regex.Characters(classOf());
            case '.' -> new Regex.Characters(CodePointSet.single('\n').not());
            case '\\' -> new Regex.Characters(escape(false));
            case '^', '$' ->
                throw error(
                        "'" + (char) c + "' stands inside of the expression",
                        "The whole text is matched: leave it out, or escape it as \\" + (char) c);
            case '*', '+', '?' -> throw error("'" + (char) c + "' has nothing to repeat", "Escape it as \\" + (char) c);
            case '{' -> throw error("'{' has nothing to repeat", "Escape it as \\{");
            default -> {
                if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
                    throw error("half of a surrogate pair is no character", "Write the whole character");
                }
                yield new Regex.Characters(CodePointSet.single(c));
            }
        };
    }

    private Regex group() {
        if (take('?')) {
            if (!take(':')) {
                groupName();
            }
        }
        Regex inner = choice();
        if (!take(')')) {
            throw error("a '(' is not closed", "Close it, or escape it as \\(");
        }
        return inner;
    }

    private void groupName() {
        int from = at;
        take('P');
        if (!take('<') || peek('=') || peek('!')) {
            at = from;
            String what = peek('=') || peek('!')
                    ? "a look-ahead"
                    : peek('<') ? "a look-behind" : peek('>') ? "an atomic group" : "a flag or another special group";
            throw error(what + " (?" + rest(2) + "...) is not supported", "Describe the texts without it");
        }
        while (at < pattern.length && pattern[at] != '>') {
            at++;
        }
        if (!take('>')) {
            throw error("a group's name is not closed", "Write it as (?<name>...)");
        }
    }

    private Regex repeated(Regex body) {
        Regex result = body;
        boolean repeats = false;
        while (at < pattern.length) {
            int least;
            int most;
            if (take('*')) {
                least = 0;
                most = Regex.UNLIMITED;
            } else if (take('+')) {
                least = 1;
                most = Regex.UNLIMITED;
            } else if (take('?')) {
                least = 0;
                most = 1;
            } else if (take('{')) {
                least = count();
                most = take(',') ? peek('}') ? Regex.UNLIMITED : count() : least;
                if (!take('}') || most != Regex.UNLIMITED && most < least) {
                    throw error("a count is not of the form {2}, {2,} or {2,5}", "Correct it, or escape '{' as \\{");
                }
            } else {
                break;
            }
            if (repeats) {
                throw error("a repetition is repeated", "Put the inner one in a group, as in (?:a{2})*");
            }
            repeats = true;
            if (take('+')) {
                throw error("a possessive repetition is not supported", "Leave the second '+' out");
            }
            take('?'); // lazy: the same texts
            result = new Regex.Repeat(body, least, most);
        }
        return result;
    }

    private int count() {
        int from = at;
        int value = 0;
        while (at < pattern.length && pattern[at] >= '0' && pattern[at] <= '9') {
            value = 10 * value + pattern[at++] - '0';
            if (value > MAX_COUNT) {
                throw error("a count is larger than " + MAX_COUNT, "Use a smaller one, or none");
            }
        }
        if (at == from) {
            throw error("a count is not of the form {2}, {2,} or {2,5}", "Correct it, or escape '{' as \\{");
        }
        return value;
    }

    private CodePointSet classOf() {
        boolean negated = take('^');
        CodePointSet set = new CodePointSet(List.of());
        List<int[]> plain = new ArrayList<>();
        boolean first = true;
        while (first ? !atEnd() : !peek(']')) {
            if (first && peek(']')) {
                throw error("an empty class, or one that begins with ']'", "Escape the bracket as \\]");
            }
            first = false;
            CodePointSet one = member();
            if (peek('-') && at + 1 < pattern.length && pattern[at + 1] != ']') {
                at++;
                CodePointSet last = member();
                if (one.size() != 1 || last.size() != 1 || one.toArray()[0] > last.toArray()[0]) {
                    throw error("a range in a class does not go from one character to a later one", "Escape the '-'");
                }
                plain.add(new int[] {one.toArray()[0], last.toArray()[0]});
            } else if (one.size() == 1) {
                plain.add(new int[] {one.toArray()[0], one.toArray()[0]});
            } else {
                set = set.or(one);
            }
            if (atEnd()) {
                break;
            }
        }
        if (!take(']')) {
            throw error("a '[' is not closed", "Close it, or escape it as \\[");
        }
        set = set.or(CodePointSet.of(plain));
        return negated ? set.not() : set;
    }

    private CodePointSet member() {
        if (atEnd()) {
            throw error("a '[' is not closed", "Close it, or escape it as \\[");
        }
        int c = pattern[at++];
        if (c == '\\') {
            return escape(true);
        }
        if (c == '[' || c == '&' && peek('&')) {
            throw error(
                    c == '[' ? "a class in a class, such as [[:alpha:]]," : "an intersection of classes",
                    c == '[' ? "Escape the bracket as \\[" : "Write the class out, or escape '&'");
        }
        return CodePointSet.single(c);
    }

    private CodePointSet escape(boolean inClass) {
        if (atEnd()) {
            throw error("a '\\' at the end escapes nothing", "Write \\\\ for a backslash");
        }
        int c = pattern[at++];
        CodePointSet shorthand = CharacterClasses.shorthand(c);
        if (shorthand != null) {
            return shorthand;
        }
        return switch (c) {
            case 'n' -> CodePointSet.single('\n');
            case 't' -> CodePointSet.single('\t');
            case 'r' -> CodePointSet.single('\r');
            case 'f' -> CodePointSet.single('\f');
            case 'v' -> CodePointSet.single(0x0B);
            case 'x' -> CodePointSet.single(peek('{') ? braced() : hexadecimal(2));
            case 'u' -> CodePointSet.single(peek('{') ? braced() : unicode());
            case 'p', 'P' -> property(c == 'P');
            case '0' -> CodePointSet.single(0);
            default -> {
                if (c >= '1' && c <= '9' && !inClass || c == 'k') {
                    throw error("a back-reference \\" + (char) c + " is not supported", "Write the text out");
                }
                if ((c == 'b' || c == 'B') && !inClass || c == 'A' || c == 'z' || c == 'Z' || c == 'G') {
                    throw error(
                            "\\" + (char) c + " looks at what is around it, which is not supported",
                            "Leave it out: the whole text is matched");
                }
                if (c == 'b') {
                    yield CodePointSet.single('\b');
                }
                if (c < 0x80 && Character.isLetterOrDigit(c)) {
                    throw error("the escape \\" + (char) c + " is not known", "Correct it");
                }
                yield CodePointSet.single(c);
            }
        };
    }

    /** Four hexadecimal digits, or two times four for a character beyond U+FFFF. */
    private int unicode() {
        int high = hexadecimal(4);
        if (high < Character.MIN_HIGH_SURROGATE || high > Character.MAX_HIGH_SURROGATE) {
            return high;
        }
        if (!take('\\') || !take('u')) {
            throw error("half of a surrogate pair is no character", "Write it as \\u{1F600}");
        }
        return Character.toCodePoint((char) high, (char) hexadecimal(4));
    }

    private int braced() {
        take('{');
        int digits = 0;
        while (at + digits < pattern.length && pattern[at + digits] != '}') {
            digits++;
        }
        int value = hexadecimal(Math.min(digits, 8));
        if (!take('}') || value < 0 || value > Character.MAX_CODE_POINT) {
            throw error("a number in braces is no character", "Write it as \\u{1F600}");
        }
        return value;
    }

    private int hexadecimal(int digits) {
        int value = 0;
        for (int i = 0; i < digits; i++) {
            int digit = atEnd() ? -1 : Character.digit(pattern[at++], 16);
            if (digit < 0) {
                throw error(digits + " hexadecimal digits are missing", "Write \\x41, \\u0041 or \\u{41}");
            }
            value = value << 4 | digit;
        }
        if (digits == 0) {
            throw error("hexadecimal digits are missing", "Write \\u{41}");
        }
        return value;
    }

    private CodePointSet property(boolean negated) {
        int from = at + 1;
        if (!take('{')) {
            throw error("a property is not in braces", "Write it as \\p{L}");
        }
        while (!atEnd() && pattern[at] != '}') {
            at++;
        }
        String name = new String(pattern, from, at - from);
        CodePointSet set = CharacterClasses.category(name);
        if (!take('}') || set == null) {
            throw error(
                    "the property \\p{" + name + "} is not known",
                    "Known are general categories such as L, Lu, Nd, P, written like that");
        }
        return negated ? set.not() : set;
    }

    private boolean atEnd() {
        return at >= pattern.length;
    }

    private boolean peek(int c) {
        return at < pattern.length && pattern[at] == c;
    }

    private boolean take(int c) {
        if (!peek(c)) {
            return false;
        }
        at++;
        return true;
    }

    private String rest(int characters) {
        return new String(pattern, at, Math.min(characters, pattern.length - at));
    }

    private FormatException error(String what, String fix) {
        return new FormatException(where + ", regular expression, character " + at, what, fix);
    }
}
