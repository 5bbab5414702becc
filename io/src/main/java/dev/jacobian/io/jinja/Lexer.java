// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts a template into tokens.
 *
 * <p>Whitespace as transformers' environment has it: {@code trim_blocks} (the line end behind a block or comment goes),
 * {@code lstrip_blocks} (blanks between the start of a line and a block or comment go), {@code -} takes all whitespace on its
 * side, {@code +} turns the two rules off, one line end at the very end of the source goes, and every line end is {@code \n}.
 */
final class Lexer {
    private static final Pattern RAW_BEGIN = Pattern.compile("\\s*raw\\s*(?:-%\\}\\s*|%\\})");
    private static final Pattern RAW_END = Pattern.compile("\\{%([-+]?)\\s*endraw\\s*(?:\\+%\\}|-%\\}\\s*|%\\}\\n?)");

    /** Longest first. */
    private static final List<String> OPERATORS = List.of(
            "==", "!=", ">=", "<=", "//", "**", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<",
            "=", ".", ":", "|", ",", ";");

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int at;
    private int line = 1;
    private int counted; // line ends before here are in the line number

    private Lexer(String source) {
        this.source = source;
    }

    /**
     * The tokens of a source, {@link Token.Kind#END} last.
     *
     * @throws JinjaException if it cannot be cut
     */
    static List<Token> tokens(String source) {
        String lines = source.replace("\r\n", "\n").replace('\r', '\n');
        Lexer lexer = new Lexer(lines.endsWith("\n") ? lines.substring(0, lines.length() - 1) : lines);
        lexer.template();
        return lexer.tokens;
    }

    private void template() {
        while (true) {
            int begin = nextTag(at);
            if (begin < 0) {
                data(source.substring(at), at);
                at = source.length();
                add(Token.Kind.END, "");
                return;
            }
            boolean lineStart = isLineStart(at);
            String text = source.substring(at, begin);
            char kind = source.charAt(begin + 1);
            int from = at;
            at = begin + 2;
            char sign = at < source.length() ? source.charAt(at) : 0;
            if (sign == '-' || sign == '+') {
                at++;
            }
            data(stripped(text, sign, lineStart, kind == '{'), from);
            switch (kind) {
                case '#' -> comment();
                case '{' -> inside(Token.Kind.VARIABLE_BEGIN, Token.Kind.VARIABLE_END, "}}");
                default -> block();
            }
        }
    }

    /** The next {@code {%}, <code>{{</code> or {@code {#}; -1 if there is none. */
    private int nextTag(int from) {
        for (int i = source.indexOf('{', from); i >= 0 && i + 1 < source.length(); i = source.indexOf('{', i + 1)) {
            char next = source.charAt(i + 1);
            if (next == '%' || next == '{' || next == '#') {
                return i;
            }
        }
        return -1;
    }

    private boolean isLineStart(int index) {
        return index == 0 || source.charAt(index - 1) == '\n';
    }

    /** Text in front of a tag, by its sign and the rule for lines. */
    private static String stripped(String text, char sign, boolean lineStart, boolean variable) {
        if (sign == '-') {
            int end = text.length();
            while (end > 0 && PythonText.isSpace(text.charAt(end - 1))) {
                end--;
            }
            return text.substring(0, end);
        }
        if (sign == '+' || variable) {
            return text;
        }
        int start = text.lastIndexOf('\n') + 1;
        if (start == 0 && !lineStart) {
            return text;
        }
        for (int i = start; i < text.length(); i++) {
            if (!PythonText.isSpace(text.charAt(i))) {
                return text;
            }
        }
        return text.substring(0, start);
    }

    private void comment() {
        int end = source.indexOf("#}", at);
        if (end < 0) {
            throw error("missing end of comment tag");
        }
        char sign = end > at ? source.charAt(end - 1) : 0;
        at = end + 2;
        afterTag(sign, true);
    }

    /** Takes what goes behind a tag with it. */
    private void afterTag(char sign, boolean trimLine) {
        if (sign == '-') {
            skipSpace();
        } else if (sign != '+' && trimLine && at < source.length() && source.charAt(at) == '\n') {
            at++;
        }
    }

    private void skipSpace() {
        while (at < source.length() && PythonText.isSpace(source.charAt(at))) {
            at++;
        }
    }

    private void block() {
        Matcher raw = RAW_BEGIN.matcher(source).region(at, source.length());
        if (raw.lookingAt()) {
            at = raw.end();
            raw();
        } else {
            inside(Token.Kind.BLOCK_BEGIN, Token.Kind.BLOCK_END, "%}");
        }
    }

    private void raw() {
        Matcher end = RAW_END.matcher(source);
        if (!end.find(at)) {
            throw error("missing end of raw directive");
        }
        String sign = end.group(1);
        String text = source.substring(at, end.start());
        data(stripped(text, sign.isEmpty() ? 0 : sign.charAt(0), isLineStart(at), false), at);
        at = end.end();
    }

    /** The tokens between the delimiters of a block or of a print statement. */
    private void inside(Token.Kind begin, Token.Kind end, String delimiter) {
        add(begin, "");
        Deque<Character> open = new ArrayDeque<>();
        while (true) {
            skipSpace();
            if (at >= source.length()) {
                return; // the parser says what is missing
            }
            char c = source.charAt(at);
            boolean signed =
                    (c == '-' || c == '+' && end == Token.Kind.BLOCK_END) && source.startsWith(delimiter, at + 1);
            if (open.isEmpty() && (signed || source.startsWith(delimiter, at))) {
                add(end, "");
                at += delimiter.length() + (signed ? 1 : 0);
                afterTag(signed ? c : 0, end == Token.Kind.BLOCK_END);
                return;
            }
            if (c >= '0' && c <= '9') {
                number();
            } else if (c == '_' || Character.isUnicodeIdentifierStart(source.codePointAt(at))) {
                name();
            } else if (c == '"' || c == '\'') {
                string(c);
            } else {
                operator(open);
            }
        }
    }

    private void name() {
        int start = at;
        while (at < source.length()) {
            int c = source.codePointAt(at);
            if (c != '_' && (!Character.isUnicodeIdentifierPart(c) || Character.isIdentifierIgnorable(c))) {
                break;
            }
            at += Character.charCount(c);
        }
        if (at == start) {
            throw error("unexpected character " + PythonText.repr(source.substring(at, at + 1)));
        }
        add(Token.Kind.NAME, source.substring(start, at), start);
    }

    private void number() {
        int start = at;
        if (source.charAt(at) == '0' && at + 1 < source.length()) {
            int radix = switch (source.charAt(at + 1)) {
                case 'x', 'X' -> 16;
                case 'o', 'O' -> 8;
                case 'b', 'B' -> 2;
                default -> 0;
            };
            if (radix > 0) {
                int end = digits(at + 2, radix, true);
                if (end > at + 2) {
                    at = end;
                    add(Token.Kind.INTEGER, source.substring(start, at), start);
                    return;
                }
            }
        }
        int end = digits(at, 10, false);
        boolean isFloat = false;
        if (start == 0 || source.charAt(start - 1) != '.') {
            if (end < source.length() && source.charAt(end) == '.') {
                int fraction = digits(end + 1, 10, false);
                isFloat = fraction > end + 1;
                end = isFloat ? fraction : end;
            }
            if (end < source.length() && (source.charAt(end) | 0x20) == 'e') {
                int sign = end + 1 < source.length() && "+-".indexOf(source.charAt(end + 1)) >= 0 ? 1 : 0;
                int exponent = digits(end + 1 + sign, 10, false);
                if (exponent > end + 1 + sign) {
                    isFloat = true;
                    end = exponent;
                }
            }
        }
        if (!isFloat && source.charAt(start) == '0') {
            end = zeros(start); // 012 is no number
        }
        at = end;
        add(isFloat ? Token.Kind.FLOAT : Token.Kind.INTEGER, source.substring(start, at), start);
    }

    private int zeros(int from) {
        int i = from + 1;
        while (source.startsWith("0", i) || source.startsWith("_0", i)) {
            i += source.charAt(i) == '_' ? 2 : 1;
        }
        return i;
    }

    /** The end of digits from a place, with single underscores between them. */
    private int digits(int from, int radix, boolean underscoreFirst) {
        int i = from;
        while (i < source.length()) {
            boolean underscore = source.charAt(i) == '_' && (i > from || underscoreFirst);
            int digit = underscore ? i + 1 : i;
            if (digit >= source.length()
                    || source.charAt(digit) > 'f'
                    || Character.digit(source.charAt(digit), radix) < 0) {
                break;
            }
            i = digit + 1;
        }
        return i;
    }

    private void string(char quote) {
        int start = at;
        int i = at + 1;
        while (i < source.length() && source.charAt(i) != quote) {
            i += source.charAt(i) == '\\' ? 2 : 1;
        }
        if (i >= source.length()) {
            throw error("a string that begins here has no end");
        }
        at = i + 1;
        add(Token.Kind.STRING, unescaped(source.substring(start + 1, i)), start);
    }

    /** Python's escapes; those that it does not know stay as they are. */
    private String unescaped(String text) {
        if (text.indexOf('\\') < 0) {
            return text;
        }
        StringBuilder out = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != '\\') {
                out.append(c);
                continue;
            }
            char next = text.charAt(++i);
            switch (next) {
                case '\n' -> {} // a line that goes on
                case '\\', '\'', '"' -> out.append(next);
                case 'n' -> out.append('\n');
                case 't' -> out.append('\t');
                case 'r' -> out.append('\r');
                case 'a' -> out.append('\u0007');
                case 'b' -> out.append('\b');
                case 'f' -> out.append('\f');
                case 'v' -> out.append('\u000B');
                case 'x', 'u', 'U' -> {
                    int length = next == 'x' ? 2 : next == 'u' ? 4 : 8;
                    out.appendCodePoint(hexadecimal(text, i + 1, length));
                    i += length;
                }
                case '0', '1', '2', '3', '4', '5', '6', '7' -> {
                    int end = i;
                    int value = 0;
                    while (end < Math.min(text.length(), i + 3) && text.charAt(end) >= '0' && text.charAt(end) <= '7') {
                        value = value * 8 + text.charAt(end++) - '0';
                    }
                    out.append((char) value);
                    i = end - 1;
                }
                case 'N' -> {
                    int end = text.indexOf('}', i);
                    if (i + 1 >= text.length() || text.charAt(i + 1) != '{' || end < 0) {
                        throw error("malformed \\N character escape");
                    }
                    out.appendCodePoint(named(text.substring(i + 2, end)));
                    i = end;
                }
                default -> out.append('\\').append(next);
            }
        }
        return out.toString();
    }

    private int hexadecimal(String text, int from, int length) {
        int value = 0;
        for (int i = from; i < from + length; i++) {
            int digit = i < text.length() && text.charAt(i) < 128 ? Character.digit(text.charAt(i), 16) : -1;
            value = value << 4 | digit;
            if (digit < 0 || value < 0 || value > Character.MAX_CODE_POINT) {
                throw error("a string has a \\x, \\u or \\U that is not followed by the digits of a character");
            }
        }
        return value;
    }

    private int named(String name) {
        try {
            return Character.codePointOf(name);
        } catch (IllegalArgumentException e) {
            throw error("a string names a character that does not exist: " + name);
        }
    }

    private void operator(Deque<Character> open) {
        String operator = OPERATORS.stream()
                .filter(o -> source.startsWith(o, at))
                .findFirst()
                .orElseThrow(() -> error("unexpected character "
                        + PythonText.repr(source.substring(at, source.offsetByCodePoints(at, 1)))));
        char c = operator.charAt(0);
        switch (c) {
            case '(' -> open.push(')');
            case '[' -> open.push(']');
            case '{' -> open.push('}');
            case ')', ']', '}' -> {
                if (open.isEmpty()) {
                    throw error("unexpected '" + c + "'");
                }
                char expected = open.pop();
                if (expected != c) {
                    throw error("unexpected '" + c + "', expected '" + expected + "'");
                }
            }
            default -> {}
        }
        add(Token.Kind.OPERATOR, operator);
        at += operator.length();
    }

    private void data(String text, int from) {
        if (!text.isEmpty()) {
            add(Token.Kind.DATA, text, from);
        }
    }

    private void add(Token.Kind kind, String text) {
        add(kind, text, at);
    }

    private void add(Token.Kind kind, String text, int position) {
        tokens.add(new Token(kind, text, lineOf(position)));
    }

    private int lineOf(int position) {
        for (; counted < position; counted++) {
            if (source.charAt(counted) == '\n') {
                line++;
            }
        }
        return line;
    }

    private JinjaException error(String message) {
        return new JinjaException(JinjaException.Kind.SYNTAX, message, lineOf(Math.min(at, source.length())));
    }
}
