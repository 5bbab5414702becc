// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Filters of texts. They take any value and work on what it prints as.
 */
final class TextFilters {
    /** A filter of a text. */
    @FunctionalInterface
    private interface OfText {
        String apply(Session session, String text, Arguments arguments);
    }

    static final Map<String, Filters.Filter> ALL = Map.ofEntries(
            Map.entry("upper", keeping((session, text, arguments) -> text.toUpperCase(Locale.ROOT))),
            Map.entry("lower", keeping((session, text, arguments) -> text.toLowerCase(Locale.ROOT))),
            Map.entry("title", of((session, text, arguments) -> title(text))),
            Map.entry("capitalize", keeping((session, text, arguments) -> StringMethods.capitalized(text))),
            Map.entry("string", keeping((session, text, arguments) -> text)),
            Map.entry("safe", (session, input, arguments) -> new Value.Str(session.text(input), true)),
            Map.entry("pprint", (session, input, arguments) -> session.made(PythonText.repr(input, session.meter()))),
            Map.entry(
                    "trim",
                    keeping((session, text, given) -> StringMethods.stripped(
                            text,
                            given.bind("chars").some("chars").map(c -> new Value.Str(session.text(c))),
                            true,
                            true))),
            Map.entry("replace", of((session, text, given) -> {
                Arguments arguments = given.bind("old", "new", "count");
                String part = session.text(arguments.get("old"));
                String replacement = session.text(arguments.get("new"));
                return StringMethods.replaced(text, part, replacement, arguments.integer("count", -1), session.meter());
            })),
            Map.entry(
                    "center",
                    keeping((session, text, given) -> StringMethods.padded(
                            text, given.bind("width").integer("width", 80), " ", 0, session.meter()))),
            Map.entry(
                    "format",
                    (session, input, arguments) -> session.made(PercentFormat.format(
                            session.text(input),
                            arguments.named().isEmpty()
                                    ? Value.Tuple.of(arguments.positional())
                                    : Globals.dictionary(session, arguments),
                            session))),
            Map.entry("indent", onlyTexts(keeping(TextFilters::indent))),
            Map.entry("truncate", keeping(TextFilters::truncate)),
            Map.entry("wordwrap", onlyTexts(of(TextFilters::wrap))),
            Map.entry("wordcount", (session, input, arguments) -> Value.Int.of(words(session.text(input)))),
            Map.entry("escape", TextFilters::escaped),
            Map.entry("e", TextFilters::escaped),
            Map.entry(
                    "forceescape",
                    (session, input, arguments) -> escaped(session, new Value.Str(session.text(input)), arguments)),
            Map.entry("striptags", of((session, text, arguments) -> withoutTags(text))),
            Map.entry("urlencode", TextFilters::urlEncode),
            Map.entry("xmlattr", TextFilters::xmlAttributes));

    private TextFilters() {}

    private static Filters.Filter of(OfText filter) {
        return (session, input, arguments) -> {
            String text = session.text(input);
            session.meter().read(text.length());
            return session.made(filter.apply(session, text, arguments));
        };
    }

    /** The same, and what it makes is marked as HTML if the input is. */
    private static Filters.Filter keeping(OfText filter) {
        return (session, input, arguments) -> {
            Value made = of(filter).apply(session, input, arguments);
            return input instanceof Value.Str marked && marked.safe() ? new Value.Str(session.text(made), true) : made;
        };
    }

    /** The same, and other values fail, as those do in Python that lack a text's methods. */
    private static Filters.Filter onlyTexts(Filters.Filter filter) {
        return (session, input, arguments) -> {
            if (input instanceof Value.Undefined undefined) {
                throw undefined.failure();
            }
            if (!(input instanceof Value.Str)) {
                throw JinjaException.operation(
                        arguments.function() + " needs a string, not " + PythonText.typeName(input));
            }
            return filter.apply(session, input, arguments);
        };
    }

    private static Value escaped(Session session, Value input, Arguments arguments) {
        arguments.bind();
        Value.Str string = input instanceof Value.Str given ? given : new Value.Str(session.text(input));
        session.meter().make(string.text().length());
        return string.escaped();
    }

    /** The first letter of each word large and the others small; words begin behind blanks, hyphens and opening brackets. */
    private static String title(String text) {
        StringBuilder out = new StringBuilder(text.length());
        int start = 0;
        for (int i = 0; i <= text.length(); i++) {
            boolean isEnd =
                    i == text.length() || PythonText.isSpace(text.charAt(i)) || "-({[<".indexOf(text.charAt(i)) >= 0;
            if (isEnd && i > start) {
                int first = text.offsetByCodePoints(start, 1);
                out.append(text.substring(start, first).toUpperCase(Locale.ROOT));
                out.append(text.substring(first, i).toLowerCase(Locale.ROOT));
            }
            if (isEnd) {
                out.append(text, i, Math.min(i + 1, text.length()));
                start = i + 1;
            }
        }
        return out.toString();
    }

    private static String indent(Session session, String text, Arguments given) {
        Arguments arguments = given.bind("width", "first", "blank");
        Value width = arguments.find("width").orElse(Value.Int.of(4));
        String blanks;
        if (width instanceof Value.Str asIs) {
            blanks = asIs.text();
        } else {
            int count = Math.max(0, arguments.integer("width", 4));
            session.meter().make(count);
            blanks = " ".repeat(count);
        }
        boolean blank = arguments.truth("blank", false);
        List<String> lines = StringMethods.lines(text + "\n", false);
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            boolean indented = i == 0 ? arguments.truth("first", false) : blank || !line.isEmpty();
            session.meter().make(1L + line.length() + blanks.length());
            out.append(i == 0 ? "" : "\n").append(indented ? blanks : "").append(line);
        }
        return out.toString();
    }

    private static String truncate(Session session, String text, Arguments given) {
        Arguments arguments = given.bind("length", "killwords", "end", "leeway");
        int length = arguments.integer("length", 255);
        String end = arguments.string("end", "...");
        int room = length - end.codePointCount(0, end.length());
        if (room < 0) {
            throw JinjaException.operation("truncate: expected length >= " + (length - room) + ", got " + length);
        }
        if (text.codePointCount(0, text.length()) <= (long) length + arguments.integer("leeway", 5)) {
            return text;
        }
        String cut = text.substring(0, CodePoints.offset(text, room));
        int blank = cut.lastIndexOf(' ');
        return (arguments.truth("killwords", false) || blank < 0 ? cut : cut.substring(0, blank)) + end;
    }

    private static String wrap(Session session, String text, Arguments given) {
        Arguments arguments = given.bind("width", "break_long_words", "wrapstring", "break_on_hyphens");
        int width = arguments.integer("width", 79);
        if (width <= 0) {
            throw JinjaException.operation("invalid width " + width + " (must be > 0)");
        }
        boolean breakLong = arguments.truth("break_long_words", true);
        List<String> wrapped = new ArrayList<>();
        for (String line : StringMethods.lines(text, false)) {
            wrapLine(line, width, breakLong, wrapped);
        }
        String separator = arguments.string("wrapstring", "\n");
        session.meter().make((long) wrapped.size() * separator.length() + text.length());
        return String.join(separator, wrapped);
    }

    /** Greedy lines of words; blanks at a cut go. */
    private static void wrapLine(String text, int width, boolean breakLong, List<String> out) {
        StringBuilder line = new StringBuilder();
        int at = 0;
        while (at < text.length()) {
            boolean blank = text.charAt(at) == ' ';
            int end = at;
            while (end < text.length() && (text.charAt(end) == ' ') == blank) {
                end++;
            }
            String chunk = text.substring(at, end);
            at = end;
            while (line.length() + chunk.length() > width) {
                if (blank) {
                    chunk = "";
                } else if (breakLong && chunk.length() > width) {
                    int room = width - line.length();
                    line.append(chunk, 0, room);
                    chunk = chunk.substring(room);
                } else if (line.isEmpty()) {
                    break; // longer than a line, and not to be cut
                }
                out.add(line.toString().stripTrailing());
                line.setLength(0);
            }
            line.append(blank && line.isEmpty() && !out.isEmpty() ? "" : chunk);
        }
        if (!line.isEmpty() || text.isEmpty()) {
            out.add(line.toString().stripTrailing());
        }
    }

    private static int words(String text) {
        int count = 0;
        boolean inside = false;
        for (int i = 0; i < text.length(); i++) {
            boolean word = text.charAt(i) == '_' || Character.isLetterOrDigit(text.charAt(i));
            count += word && !inside ? 1 : 0;
            inside = word;
        }
        return count;
    }

    static String escape(String text) {
        StringBuilder out = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            switch (text.charAt(i)) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&#34;");
                case '\'' -> out.append("&#39;");
                default -> out.append(text.charAt(i));
            }
        }
        return out.toString();
    }

    private static String withoutTags(String text) {
        StringBuilder out = new StringBuilder(text.length());
        int at = 0;
        while (at < text.length()) {
            boolean comment = text.startsWith("<!--", at);
            int end = text.charAt(at) == '<' ? text.indexOf(comment ? "-->" : ">", at) : -1;
            if (end >= 0) {
                at = end + (comment ? 3 : 1);
            } else if (text.charAt(at) == '<') {
                out.append(text, at, text.length()); // no tag closes behind here
                break;
            } else {
                out.append(text.charAt(at++));
            }
        }
        String plain = out.toString()
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&#34;", "\"")
                .replace("&quot;", "\"")
                .replace("&#39;", "'")
                .replace("&amp;", "&");
        return String.join(" ", plain.strip().split("\\s+"));
    }

    private static Value urlEncode(Session session, Value input, Arguments arguments) {
        arguments.bind();
        if (input instanceof Value.Str || !Iterables.isIterable(input)) {
            return session.made(quoted(session.text(input), "/", session));
        }
        List<Value> pairs = input instanceof Value.Dict dict
                ? ContainerMethods.pairs(dict)
                : Iterables.list(input, session.meter());
        List<String> fields = new ArrayList<>();
        for (Value pair : pairs) {
            List<Value> both = Iterables.list(pair, session.meter());
            if (both.size() != 2) {
                throw JinjaException.operation("urlencode: expected pairs of a name and a value");
            }
            fields.add(both.stream()
                    .map(part -> quoted(session.text(part), "", session).replace("%20", "+"))
                    .reduce((a, b) -> a + "=" + b)
                    .orElseThrow());
        }
        return session.made(String.join("&", fields));
    }

    private static String quoted(String text, String safe, Session session) {
        session.meter().make(3L * text.length());
        StringBuilder out = new StringBuilder();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xFF);
            boolean kept = c < 128 && (Character.isLetterOrDigit(c) || "_.-~".indexOf(c) >= 0 || safe.indexOf(c) >= 0);
            if (kept) {
                out.append(c);
            } else {
                out.append('%').append(HexFormat.of().withUpperCase().toHexDigits(b));
            }
        }
        return out.toString();
    }

    private static Value xmlAttributes(Session session, Value input, Arguments given) {
        boolean space = given.bind("autospace").truth("autospace", true);
        if (!(input instanceof Value.Dict dict)) {
            throw JinjaException.operation("xmlattr needs a mapping, not " + PythonText.typeName(input));
        }
        List<String> attributes = new ArrayList<>();
        dict.entries().forEach((key, value) -> {
            if (value != Value.None.NONE && !(value instanceof Value.Undefined)) {
                String name = session.text(key);
                if (name.chars().anyMatch(c -> PythonText.isSpace(c) || c == '/' || c == '>' || c == '=')) {
                    throw JinjaException.operation("invalid character in attribute name: " + PythonText.repr(name));
                }
                attributes.add(escape(name) + "=\"" + escape(session.text(value)) + "\"");
            }
        });
        return session.made((space && !attributes.isEmpty() ? " " : "") + String.join(" ", attributes));
    }
}
