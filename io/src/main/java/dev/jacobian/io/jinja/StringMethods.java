// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import dev.jacobian.tensor.Nullable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.IntPredicate;

/** The methods of Python's {@code str}. */
final class StringMethods {
    /** A method of a text. */
    @FunctionalInterface
    private interface Method {
        Value call(Session session, String text, Arguments arguments);
    }

    private static final Map<String, Method> ALL = Map.ofEntries(
            Map.entry("upper", plain((session, text) -> session.made(text.toUpperCase(Locale.ROOT)))),
            Map.entry("lower", plain((session, text) -> session.made(text.toLowerCase(Locale.ROOT)))),
            Map.entry(
                    "casefold",
                    plain((session, text) ->
                            session.made(text.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT)))),
            Map.entry("capitalize", plain((session, text) -> session.made(capitalized(text)))),
            Map.entry("title", plain((session, text) -> session.made(titled(text)))),
            Map.entry("swapcase", plain((session, text) -> session.made(swapped(text)))),
            Map.entry("strip", (session, text, arguments) -> strip(session, text, arguments, true, true)),
            Map.entry("lstrip", (session, text, arguments) -> strip(session, text, arguments, true, false)),
            Map.entry("rstrip", (session, text, arguments) -> strip(session, text, arguments, false, true)),
            Map.entry("split", (session, text, arguments) -> split(session, text, arguments, false)),
            Map.entry("rsplit", (session, text, arguments) -> split(session, text, arguments, true)),
            Map.entry("splitlines", StringMethods::splitLines),
            Map.entry("partition", (session, text, arguments) -> partition(session, text, arguments, false)),
            Map.entry("rpartition", (session, text, arguments) -> partition(session, text, arguments, true)),
            Map.entry("join", StringMethods::join),
            Map.entry("replace", StringMethods::replace),
            Map.entry("startswith", (session, text, arguments) -> affix(text, arguments, true)),
            Map.entry("endswith", (session, text, arguments) -> affix(text, arguments, false)),
            Map.entry("removeprefix", (session, text, arguments) -> {
                String prefix = arguments.bind("prefix").string("prefix");
                return session.made(text.startsWith(prefix) ? text.substring(prefix.length()) : text);
            }),
            Map.entry("removesuffix", (session, text, arguments) -> {
                String suffix = arguments.bind("suffix").string("suffix");
                boolean cut = !suffix.isEmpty() && text.endsWith(suffix);
                return session.made(cut ? text.substring(0, text.length() - suffix.length()) : text);
            }),
            Map.entry("find", (session, text, arguments) -> find(text, arguments, false, false)),
            Map.entry("rfind", (session, text, arguments) -> find(text, arguments, true, false)),
            Map.entry("index", (session, text, arguments) -> find(text, arguments, false, true)),
            Map.entry("rindex", (session, text, arguments) -> find(text, arguments, true, true)),
            Map.entry("count", StringMethods::count),
            Map.entry("center", (session, text, arguments) -> pad(session, text, arguments, 0)),
            Map.entry("ljust", (session, text, arguments) -> pad(session, text, arguments, -1)),
            Map.entry("rjust", (session, text, arguments) -> pad(session, text, arguments, 1)),
            Map.entry("zfill", StringMethods::zeroFilled),
            Map.entry("expandtabs", StringMethods::expandTabs),
            Map.entry(
                    "format", (session, text, arguments) -> session.made(BraceFormat.format(text, arguments, session))),
            Map.entry("format_map", (session, text, arguments) -> {
                Map<String, Value> named =
                        Filters.stringKeys(arguments.bind("mapping").get("mapping"));
                return session.made(BraceFormat.format(text, new Arguments("format_map", List.of(), named), session));
            }),
            Map.entry("isalpha", all(Character::isLetter)),
            Map.entry("isdigit", all(c -> Character.isDigit(c) || isSuperscript(c))),
            Map.entry("isdecimal", all(Character::isDigit)),
            Map.entry("isnumeric", all(StringMethods::isNumeric)),
            Map.entry("isalnum", all(c -> Character.isLetter(c) || isNumeric(c))),
            Map.entry("isspace", all(PythonText::isSpace)),
            Map.entry(
                    "isascii",
                    plain((session, text) -> Value.Bool.of(text.chars().allMatch(c -> c < 128)))),
            Map.entry(
                    "isprintable",
                    plain((session, text) -> Value.Bool.of(text.codePoints().allMatch(PythonText::isPrintable)))),
            Map.entry("isupper", plain((session, text) -> Value.Bool.of(isCased(text, true)))),
            Map.entry("islower", plain((session, text) -> Value.Bool.of(isCased(text, false)))),
            Map.entry(
                    "istitle",
                    plain((session, text) -> Value.Bool.of(text.codePoints().anyMatch(StringMethods::hasCase)
                            && titled(text).equals(text)))),
            Map.entry("isidentifier", plain((session, text) -> Value.Bool.of(isIdentifier(text)))));

    private StringMethods() {}

    /** The method of a name, bound to its text; null if there is none. What it makes is marked as HTML if the text is. */
    static @Nullable Value find(Value.Str string, String name) {
        String text = string.text();
        Method method = ALL.get(name);
        return method == null
                ? null
                : new Value.Function(name, (session, arguments) -> {
                    session.meter().read(text.length());
                    Value result = method.call(session, text, arguments.under(name));
                    return string.safe() && result instanceof Value.Str made
                            ? new Value.Str(made.text(), true)
                            : result;
                });
    }

    /** A method without arguments. */
    private static Method plain(BiFunction<Session, String, Value> body) {
        return (session, text, arguments) -> {
            arguments.bind();
            return body.apply(session, text);
        };
    }

    /** Whether there are characters and each is so. */
    private static Method all(IntPredicate predicate) {
        return plain((session, text) ->
                Value.Bool.of(!text.isEmpty() && text.codePoints().allMatch(predicate)));
    }

    private static boolean isSuperscript(int c) {
        return c == 0xB2
                || c == 0xB3
                || c == 0xB9
                || c == 0x2070
                || c >= 0x2074 && c <= 0x2079
                || c >= 0x2080 && c <= 0x2089;
    }

    private static boolean isNumeric(int c) {
        return switch (Character.getType(c)) {
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> true;
            default -> false;
        };
    }

    private static boolean hasCase(int c) {
        return Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
    }

    /** Whether there are letters with a case and all are of this one. */
    static boolean isCased(String text, boolean upper) {
        return text.codePoints().anyMatch(StringMethods::hasCase)
                && text.codePoints()
                        .filter(StringMethods::hasCase)
                        .allMatch(upper ? Character::isUpperCase : Character::isLowerCase);
    }

    private static boolean isIdentifier(String text) {
        return !text.isEmpty()
                && (text.startsWith("_") || Character.isUnicodeIdentifierStart(text.codePointAt(0)))
                && text.codePoints().allMatch(c -> c == '_' || Character.isUnicodeIdentifierPart(c));
    }

    /** The first character in title case, the others in lower case. */
    static String capitalized(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int end = text.offsetByCodePoints(0, 1);
        return titleCase(text.substring(0, end)) + text.substring(end).toLowerCase(Locale.ROOT);
    }

    private static String titleCase(String character) {
        int single = Character.toTitleCase(character.codePointAt(0));
        String upper = character.toUpperCase(Locale.ROOT);
        // one that becomes several, such as a sharp s: the first large, the others small
        return upper.codePointCount(0, upper.length()) == 1
                ? Character.toString(single)
                : upper.substring(0, upper.offsetByCodePoints(0, 1))
                        + upper.substring(upper.offsetByCodePoints(0, 1)).toLowerCase(Locale.ROOT);
    }

    private static String titled(String text) {
        StringBuilder out = new StringBuilder(text.length());
        boolean inWord = false;
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            String character = Character.toString(c);
            out.append(inWord ? character.toLowerCase(Locale.ROOT) : titleCase(character));
            inWord = hasCase(c);
            i += Character.charCount(c);
        }
        return out.toString();
    }

    private static String swapped(String text) {
        StringBuilder out = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            String character = Character.toString(c);
            out.append(
                    Character.isUpperCase(c) ? character.toLowerCase(Locale.ROOT) : character.toUpperCase(Locale.ROOT));
        });
        return out.toString();
    }

    private static Value strip(Session session, String text, Arguments arguments, boolean left, boolean right) {
        return session.made(
                stripped(text, arguments.bind("chars").some("chars").map(Value.Str.class::cast), left, right));
    }

    /** The text without these characters, or whitespace, at its ends. */
    static String stripped(String text, Optional<Value.Str> characters, boolean left, boolean right) {
        Set<Integer> set = new HashSet<>();
        characters.ifPresent(c -> c.text().codePoints().forEach(set::add));
        IntPredicate goes = characters.isPresent() ? set::contains : PythonText::isSpace;
        int from = 0;
        int to = text.length();
        while (left && from < to && goes.test(text.codePointAt(from))) {
            from += Character.charCount(text.codePointAt(from));
        }
        while (right && to > from && goes.test(text.codePointBefore(to))) {
            to -= Character.charCount(text.codePointBefore(to));
        }
        return text.substring(from, to);
    }

    private static Value split(Session session, String text, Arguments given, boolean fromEnd) {
        Arguments arguments = given.bind("sep", "maxsplit");
        int most = arguments.integer("maxsplit", -1);
        most = most < 0 ? Integer.MAX_VALUE : most;
        List<String> parts = new ArrayList<>();
        if (arguments.some("sep").isEmpty()) {
            words(fromEnd ? new StringBuilder(text).reverse().toString() : text, most, parts);
            if (fromEnd) {
                parts = parts.reversed().stream()
                        .map(part -> new StringBuilder(part).reverse().toString())
                        .toList();
            }
        } else {
            String separator = arguments.string("sep");
            if (separator.isEmpty()) {
                throw JinjaException.operation("empty separator");
            }
            cut(text, separator, most, fromEnd, parts);
        }
        return list(session, parts);
    }

    private static Value.Items list(Session session, List<String> parts) {
        List<Value> values = new ArrayList<>(parts.size());
        for (String part : parts) {
            session.meter().make(2L + part.length());
            values.add(new Value.Str(part));
        }
        return Value.Items.of(values);
    }

    /** Splits at whitespace; what stays after the last cut keeps its own at its end. */
    private static void words(String text, int most, List<String> parts) {
        int at = 0;
        while (true) {
            while (at < text.length() && PythonText.isSpace(text.charAt(at))) {
                at++;
            }
            if (at == text.length()) {
                return;
            }
            int end = at;
            if (parts.size() == most) {
                parts.add(text.substring(at));
                return;
            }
            while (end < text.length() && !PythonText.isSpace(text.charAt(end))) {
                end++;
            }
            parts.add(text.substring(at, end));
            at = end;
        }
    }

    private static void cut(String text, String separator, int most, boolean fromEnd, List<String> parts) {
        int from = 0;
        int to = text.length();
        List<String> out = new ArrayList<>();
        while (out.size() < most) {
            int at = fromEnd ? TextSearch.lastIndexOf(text, separator, to) : TextSearch.indexOf(text, separator, from);
            if (at < 0) {
                break;
            }
            out.add(fromEnd ? text.substring(at + separator.length(), to) : text.substring(from, at));
            from = fromEnd ? from : at + separator.length();
            to = fromEnd ? at : to;
        }
        out.add(text.substring(from, to));
        parts.addAll(fromEnd ? out.reversed() : out);
    }

    private static Value splitLines(Session session, String text, Arguments arguments) {
        return list(session, lines(text, arguments.bind("keepends").truth("keepends", false)));
    }

    /** The lines of a text, by every line end that Python knows. */
    static List<String> lines(String text, boolean keepEnds) {
        List<String> lines = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean isEnd =
                    c >= '\n' && c <= '\r' || c >= 0x1C && c <= 0x1E || c == 0x85 || c == '\u2028' || c == '\u2029';
            if (isEnd) {
                int next = c == '\r' && i + 1 < text.length() && text.charAt(i + 1) == '\n' ? i + 2 : i + 1;
                lines.add(text.substring(from, keepEnds ? next : i));
                from = next;
                i = next - 1;
            }
        }
        if (from < text.length()) {
            lines.add(text.substring(from));
        }
        return lines;
    }

    private static Value partition(Session session, String text, Arguments given, boolean fromEnd) {
        String separator = given.bind("sep").string("sep");
        if (separator.isEmpty()) {
            throw JinjaException.operation("empty separator");
        }
        int at = fromEnd
                ? TextSearch.lastIndexOf(text, separator, text.length())
                : TextSearch.indexOf(text, separator, 0);
        Value whole = new Value.Str(text);
        if (at < 0) {
            return fromEnd
                    ? Value.Tuple.of(Value.Str.EMPTY, Value.Str.EMPTY, whole)
                    : Value.Tuple.of(whole, Value.Str.EMPTY, Value.Str.EMPTY);
        }
        return Value.Tuple.of(
                session.made(text.substring(0, at)),
                new Value.Str(separator),
                session.made(text.substring(at + separator.length())));
    }

    private static Value join(Session session, String text, Arguments given) {
        StringBuilder out = new StringBuilder();
        boolean first = true;
        for (Value part : Iterables.list(given.bind("iterable").get("iterable"), session.meter())) {
            if (!(part instanceof Value.Str piece)) {
                throw JinjaException.operation(
                        "sequence item: expected str instance, " + PythonText.typeName(part) + " found");
            }
            session.meter().make(piece.text().length() + (first ? 0 : text.length()));
            out.append(first ? "" : text).append(piece.text());
            first = false;
        }
        return new Value.Str(out.toString());
    }

    private static Value replace(Session session, String text, Arguments given) {
        Arguments arguments = given.bind("old", "new", "count");
        return new Value.Str(replaced(
                text,
                arguments.string("old"),
                arguments.string("new"),
                arguments.integer("count", -1),
                session.meter()));
    }

    /** The text with the first {@code count} places of a part replaced, all if it is negative. */
    static String replaced(String text, String part, String replacement, int count, Meter meter) {
        int most = count < 0 ? Integer.MAX_VALUE : count;
        StringBuilder out = new StringBuilder();
        int from = 0;
        for (int done = 0; done < most; done++) {
            int at;
            if (part.isEmpty()) { // between all characters
                at = done == 0 ? 0 : from < text.length() ? text.offsetByCodePoints(from, 1) : -1;
            } else {
                at = TextSearch.indexOf(text, part, from);
            }
            if (at < 0) {
                break;
            }
            meter.make((long) at - from + replacement.length());
            out.append(text, from, at).append(replacement);
            from = at + part.length();
        }
        meter.make(text.length() - from);
        return out.append(text, from, text.length()).toString();
    }

    private static Value affix(String text, Arguments given, boolean prefix) {
        Arguments arguments = given.bind("prefix", "start", "end");
        String within = within(text, arguments);
        Value affix = arguments.get("prefix");
        List<Value> options = affix instanceof Value.Tuple tuple ? tuple.items() : List.of(affix);
        for (Value option : options) {
            if (!(option instanceof Value.Str part)) {
                throw option instanceof Value.Undefined undefined
                        ? undefined.failure()
                        : JinjaException.operation(given.function() + " first arg must be str or a tuple of str, not "
                                + PythonText.typeName(option));
            }
            if (prefix ? within.startsWith(part.text()) : within.endsWith(part.text())) {
                return Value.Bool.TRUE;
            }
        }
        return Value.Bool.FALSE;
    }

    /** The part of the text between {@code start} and {@code end}. */
    private static String within(String text, Arguments arguments) {
        if (arguments.some("start").isEmpty() && arguments.some("end").isEmpty()) {
            return text;
        }
        int length = text.codePointCount(0, text.length());
        int start = place(arguments.integer("start", 0), length);
        int end = place(arguments.integer("end", length), length);
        return start >= end ? "" : text.substring(CodePoints.offset(text, start), CodePoints.offset(text, end));
    }

    private static int place(int index, int length) {
        return Math.clamp(index < 0 ? index + length : index, 0, length);
    }

    private static Value find(String text, Arguments given, boolean last, boolean must) {
        Arguments arguments = given.bind("sub", "start", "end");
        String within = within(text, arguments);
        String part = arguments.string("sub");
        int at = last ? TextSearch.lastIndexOf(within, part, within.length()) : TextSearch.indexOf(within, part, 0);
        if (at < 0 && must) {
            throw JinjaException.operation("substring not found");
        }
        int length = text.codePointCount(0, text.length());
        return Value.Int.of(at < 0 ? -1 : CodePoints.index(within, at) + place(arguments.integer("start", 0), length));
    }

    private static Value count(Session session, String text, Arguments given) {
        Arguments arguments = given.bind("sub", "start", "end");
        String within = within(text, arguments);
        String part = arguments.string("sub");
        if (part.isEmpty()) {
            return Value.Int.of(within.codePointCount(0, within.length()) + 1L);
        }
        int count = 0;
        for (int at = TextSearch.indexOf(within, part, 0);
                at >= 0;
                at = TextSearch.indexOf(within, part, at + part.length())) {
            count++;
        }
        return Value.Int.of(count);
    }

    private static Value pad(Session session, String text, Arguments given, int side) {
        Arguments arguments = given.bind("width", "fillchar");
        String fill = arguments.string("fillchar", " ");
        if (fill.codePointCount(0, fill.length()) != 1) {
            throw JinjaException.operation("the fill character must be exactly one character long");
        }
        return session.made(padded(text, arguments.integer("width"), fill, side, session.meter()));
    }

    /** The text in a field: to the left for a side of -1, to the right for 1, in the middle for 0. */
    static String padded(String text, int width, String fill, int side, Meter meter) {
        int missing = width - text.codePointCount(0, text.length());
        if (missing <= 0) {
            return text;
        }
        meter.make((long) missing * fill.length());
        int left = switch (side) {
            case -1 -> 0;
            case 1 -> missing;
            default -> missing / 2 + (missing & width & 1); // where Python puts the odd one
        };
        return fill.repeat(left) + text + fill.repeat(missing - left);
    }

    private static Value zeroFilled(Session session, String text, Arguments given) {
        boolean signed = text.startsWith("+") || text.startsWith("-");
        int width = given.bind("width").integer("width");
        String digits = signed ? text.substring(1) : text;
        String filled = padded(digits, signed ? width - 1 : width, "0", 1, session.meter());
        return session.made((signed ? text.substring(0, 1) : "") + filled);
    }

    private static Value expandTabs(Session session, String text, Arguments given) {
        int size = Math.max(0, given.bind("tabsize").integer("tabsize", 8));
        StringBuilder out = new StringBuilder();
        int column = 0;
        for (int c : text.codePoints().toArray()) {
            if (c == '\t') {
                int blanks = size == 0 ? 0 : size - column % size;
                session.meter().make(blanks);
                out.repeat(' ', blanks);
                column += blanks;
            } else {
                out.appendCodePoint(c);
                column = c == '\n' || c == '\r' ? 0 : column + 1;
            }
        }
        return session.made(out.toString());
    }
}
