// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.reading;

import dev.jacobian.rl.math.expression.MathProblem;
import dev.jacobian.rl.math.expression.Work;
import dev.jacobian.rl.math.reading.Token.Kind;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts a formula into tokens. LaTeX and ordinary text go through the same lexer, since models mix them. What only concerns looks is gone
 * behind it: sizes, colours, fonts, spaces, {@code \left}.
 */
final class Lexer {

    private static final int MOST_TOKENS = 20_000;

    private static final Set<String> IGNORED = Set.of(
            "left",
            "right",
            "big",
            "Big",
            "bigg",
            "Bigg",
            "bigl",
            "bigr",
            "Bigl",
            "Bigr",
            "biggl",
            "biggr",
            "Biggl",
            "Biggr",
            "displaystyle",
            "textstyle",
            "limits",
            "nolimits",
            "mathbf",
            "boldsymbol",
            "bm",
            "mathit",
            "mathsf",
            "mathcal",
            "bf",
            "it",
            "rm",
            "boxed",
            "fbox",
            "underline",
            "ensuremath",
            "vec",
            "overrightarrow",
            "hat",
            "widehat",
            "tilde",
            "mathop",
            "quad",
            "qquad",
            "enspace",
            "thinspace",
            "nobreakspace",
            "blacksquare",
            "square",
            "Box",
            "middle",
            "hfill",
            "hline",
            "thickspace",
            "medspace",
            "negthinspace",
            "small",
            "large",
            "Large",
            "normalsize",
            "centering",
            "underbrace",
            "overbrace",
            "angle",
            "measuredangle",
            "triangle",
            "mathnormal",
            "mathord",
            "mathrel",
            "mathbin",
            "therefore");

    /** Commands whose argument is not seen, or says how the next looks. */
    private static final Set<String> HIDDEN = Set.of(
            "phantom",
            "hphantom",
            "vphantom",
            "cancel",
            "hspace",
            "vspace",
            "color",
            "textcolor",
            "label",
            "tag",
            "require");

    private static final Set<String> TEXTS = Set.of(
            "text",
            "mathrm",
            "textbf",
            "textit",
            "textrm",
            "textsf",
            "texttt",
            "textup",
            "textnormal",
            "mbox",
            "hbox",
            "emph",
            "mathtt",
            "operatorname");

    private static final Map<String, String> SYNONYMS = Map.ofEntries(
            Map.entry("dfrac", "frac"),
            Map.entry("tfrac", "frac"),
            Map.entry("cfrac", "frac"),
            Map.entry("sfrac", "frac"),
            Map.entry("nicefrac", "frac"),
            Map.entry("dbinom", "binom"),
            Map.entry("tbinom", "binom"),
            Map.entry("leq", "le"),
            Map.entry("leqslant", "le"),
            Map.entry("leqq", "le"),
            Map.entry("geq", "ge"),
            Map.entry("geqslant", "ge"),
            Map.entry("geqq", "ge"),
            Map.entry("neq", "ne"),
            Map.entry("lt", "<"),
            Map.entry("gt", ">"),
            Map.entry("varnothing", "emptyset"),
            Map.entry("lvert", "|"),
            Map.entry("rvert", "|"),
            Map.entry("vert", "|"),
            Map.entry("mid", "mid"),
            Map.entry("lbrace", "{set"),
            Map.entry("rbrace", "set}"),
            Map.entry("{", "{set"),
            Map.entry("}", "set}"),
            Map.entry("colon", ":"),
            Map.entry("land", "wedge"),
            Map.entry("lor", "vee"),
            Map.entry("degree", "circ"),
            Map.entry("ast", "*"),
            Map.entry("lbrack", "["),
            Map.entry("rbrack", "]"),
            Map.entry("lparen", "("),
            Map.entry("rparen", ")"),
            Map.entry("varphi", "phi"),
            Map.entry("varepsilon", "epsilon"),
            Map.entry("bar", "overline"),
            Map.entry("backslash", "setminus"),
            Map.entry("bigcup", "cup"),
            Map.entry("bigcap", "cap"),
            Map.entry("%", "%"),
            Map.entry("$", "$"),
            Map.entry("&", "and"),
            Map.entry("pounds", "£"),
            Map.entry("euro", "€"),
            Map.entry("_", " "),
            Map.entry("#", "#"),
            Map.entry("|", "|"),
            Map.entry("prime", "'"),
            Map.entry("newline", "\\"),
            Map.entry("cr", "\\"),
            Map.entry("\\", "\\"),
            Map.entry("Vert", "|"),
            Map.entry("lVert", "|"),
            Map.entry("rVert", "|"),
            Map.entry("dots", "ldots"),
            Map.entry("cdots", "ldots"),
            Map.entry("dotsc", "ldots"),
            Map.entry("dotsb", "ldots"),
            Map.entry("vdots", "ldots"),
            Map.entry("to", "to"),
            Map.entry("rightarrow", "to"),
            Map.entry("Rightarrow", "implies"),
            Map.entry("Longrightarrow", "implies"),
            Map.entry("Leftrightarrow", "iff"),
            Map.entry("Longleftrightarrow", "iff"),
            Map.entry("pmod", "pmod"),
            Map.entry("bmod", "mod"),
            Map.entry("ctg", "cot"),
            Map.entry("tg", "tan"),
            Map.entry("lg", "lg"));

    private static final Pattern ROW_GAP =
            Pattern.compile("\\s*\\*?\\s*\\[\\s*-?[\\d.]+\\s*(?:pt|em|ex|mm|cm|in|px|mu)\\s*\\]");

    /** Roman or bold type around a formula: only looks. */
    private static final Pattern FORMULA = Pattern.compile(
            "\\s*[-+]?\\s*\\d*\\s*\\\\(?:[dtc]?frac|sqrt|pi|left|[dt]?binom|boxed|sin|cos|tan|theta|infty)(?![a-zA-Z])");

    private final String text;
    private final Style style;
    private final Work work;
    private final NumberLexer numbers;
    private final List<Token> tokens = new ArrayList<>();
    private final BitSet singleDigits = new BitSet();
    private int at;
    private boolean spaced;

    private Lexer(String text, Style style, Work work) {
        this.text = text;
        this.style = style;
        this.work = work;
        numbers = new NumberLexer(text);
    }

    /** The tokens, with one of kind {@link Kind#END} at the end. */
    static List<Token> tokens(String text, Style style, Work work) {
        Lexer lexer = new Lexer(text, style, work);
        work.spend(text.length());
        while (lexer.at < text.length()) {
            lexer.next();
            if (lexer.tokens.size() > MOST_TOKENS) {
                throw new MathProblem.TooMuchWork("so long a formula");
            }
        }
        lexer.add(Token.of(Kind.END, "", lexer.spaced));
        return lexer.tokens;
    }

    private void add(Token token) {
        tokens.add(token);
        spaced = false;
    }

    private void next() {
        char c = text.charAt(at);
        if (Character.isWhitespace(c) || c == '~') {
            spaced = true;
            at++;
        } else if (c == '\\') {
            command();
        } else if (Character.isDigit(c)
                || c == '.' && at + 1 < text.length() && Character.isDigit(text.charAt(at + 1))) {
            number();
        } else if (Character.isLetter(c)) {
            letters();
        } else {
            symbol(c);
        }
    }

    private void number() {
        boolean script = !style.plain() && !tokens.isEmpty() && (last().is("^") || last().is("_"));
        if (script || singleDigits.get(at)) {
            String digit = text.substring(at, at + 1);
            add(Token.number(digit, new NumberLexer(digit).read(0, style), spaced));
            at++;
            return;
        }
        int start = at;
        var value = numbers.read(at, style);
        at = numbers.end();
        work.spend((long) (at - start) * (at - start) / 500);
        add(Token.number(text.substring(start, at), value, spaced));
    }

    private Token last() {
        return tokens.getLast();
    }

    private void letters() {
        int start = at;
        while (at < text.length() && Character.isLetter(text.charAt(at))) {
            at++;
        }
        String run = text.substring(start, at);
        if (run.equals("x") && isTimes()) {
            add(Token.of(Kind.COMMAND, "times", spaced));
            return;
        }
        boolean space = spaced;
        for (int k = 0; k < run.length(); k++) {
            add(Token.letter(run, k, space && k == 0));
        }
    }

    /** {@code 7.75 x 10^20}: an x between blanks and numbers, the second of them a power of ten. */
    private boolean isTimes() {
        return !tokens.isEmpty()
                && last().kind() == Kind.NUMBER
                && text.startsWith("10", skipBlanks(at))
                && text.startsWith("^", skipBlanks(skipBlanks(at) + 2))
                && (spaced || text.charAt(at) != ' ');
    }

    private int skipBlanks(int from) {
        int k = from;
        while (k < text.length() && text.charAt(k) == ' ') {
            k++;
        }
        return k;
    }

    private void symbol(char c) {
        if (text.startsWith("**", at)) {
            at += 2;
            add(Token.of(Kind.SYMBOL, "^", spaced));
        } else if (text.startsWith("...", at)) {
            at += 3;
            add(Token.of(Kind.COMMAND, "ldots", spaced));
        } else if (text.startsWith("+/-", at) || text.startsWith("+-", at) && style.plain()) {
            at += text.startsWith("+/-", at) ? 3 : 2;
            add(Token.of(Kind.COMMAND, "pm", spaced));
        } else if (text.startsWith("<=", at)
                || text.startsWith(">=", at)
                || text.startsWith("!=", at)
                || text.startsWith("==", at)) {
            add(Token.of(Kind.COMMAND, c == '<' ? "le" : c == '>' ? "ge" : c == '!' ? "ne" : "=", spaced));
            at += 2;
        } else {
            at++;
            add(Token.of(Kind.SYMBOL, String.valueOf(c), spaced));
        }
    }

    private void command() {
        int start = ++at;
        while (at < text.length() && isAsciiLetter(text.charAt(at))) {
            at++;
        }
        if (at == start && at < text.length()) {
            at++;
        }
        String name = text.substring(start, at);
        if (name.isEmpty() || name.isBlank() || ",;:!>#".contains(name)) {
            spaced = true;
        } else if (IGNORED.contains(name)) {
            spaced = spaced || name.endsWith("quad");
            skipDelimiterDot(name);
        } else if (HIDDEN.contains(name)) {
            argument();
        } else if (TEXTS.contains(name)) {
            text(name);
        } else if (name.equals("begin") || name.equals("end")) {
            environment(name);
        } else if (name.equals("mathbb") || name.equals("Bbb")) {
            add(Token.of(Kind.COMMAND, "set" + argument().strip(), spaced));
        } else {
            known(SYNONYMS.getOrDefault(name, name));
        }
    }

    private static boolean isAsciiLetter(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
    }

    /** {@code \left.} is an invisible delimiter. */
    private void skipDelimiterDot(String name) {
        if ((name.equals("left") || name.equals("right")) && at < text.length() && text.charAt(at) == '.') {
            at++;
        }
    }

    /** {@code \\[4pt]} is the end of a row and how far below it the next begins. */
    private void skipRowGap() {
        Matcher gap = ROW_GAP.matcher(text).region(at, text.length());
        if (gap.lookingAt()) {
            at = gap.end();
        }
    }

    private void known(String name) {
        if (name.equals("\\")) {
            skipRowGap();
        }
        if (name.equals("imath") || name.equals("jmath")) {
            add(Token.letter(name.substring(0, 1), 0, spaced));
            return;
        }
        boolean letters = isAsciiLetter(name.charAt(0)) && !name.endsWith("}") && !name.equals("mid");
        add(Token.of(letters ? Kind.COMMAND : Kind.SYMBOL, name, spaced));
        if (name.equals("frac") || name.equals("binom")) {
            int second = markSingle(at);
            markSingle(second);
        } else if (name.equals("sqrt") && !style.plain()) {
            markSingle(at);
        }
    }

    /** TeX takes a single digit where no brace opens: {@code \frac12}. Returns where the argument ends. */
    private int markSingle(int from) {
        int k = skipBlanks(from);
        if (k >= text.length()) {
            return k;
        }
        if (text.charAt(k) == '{') {
            return closing(k) + 1;
        }
        if (Character.isDigit(text.charAt(k))) {
            singleDigits.set(k);
        }
        return k + 1;
    }

    /** The brace that closes the one at an index, or the last character. */
    private int closing(int open) {
        int depth = 0;
        int k = open;
        for (; k < text.length(); k++) {
            char c = text.charAt(k);
            if (c == '\\') {
                k++;
            } else if (c == '{') {
                depth++;
            } else if (c == '}' && --depth == 0) {
                break;
            }
        }
        work.spend(1 + (k - open) / 8);
        return Math.min(k, text.length() - 1);
    }

    /** The argument in braces that comes next, or the character. */
    private String argument() {
        int open = skipBlanks(at);
        if (open >= text.length()) {
            at = text.length();
            return "";
        }
        if (text.charAt(open) != '{') {
            at = open + 1;
            return text.substring(open, at);
        }
        int close = closing(open);
        at = close + 1;
        return text.substring(open + 1, Math.max(open + 1, close));
    }

    private void text(String name) {
        boolean space = spaced;
        int start = at;
        String raw = argument();
        if (FORMULA.matcher(raw).lookingAt()) {
            at = start;
            return;
        }
        String content = raw.replace('~', ' ')
                .replace("\\ ", " ")
                .replace("\\,", " ")
                .replace("\\%", "%")
                .replace("\\cdot", "·");
        if (content.strip().equals("\\$")) {
            add(Token.of(Kind.SYMBOL, "$", space));
            return;
        }
        content = content.replace("\\$", "$").replace("$", "");
        if (name.equals("operatorname")) {
            add(Token.of(Kind.COMMAND, content.strip(), space));
        } else if (!content.isBlank()) {
            add(Token.of(Kind.TEXT, content, space));
        } else {
            spaced = true;
        }
    }

    private void environment(String name) {
        String environment = argument().strip();
        if (environment.equals("array") || environment.equals("tabular")) {
            if (name.equals("begin") && skipBlanks(at) < text.length() && text.charAt(skipBlanks(at)) == '{') {
                argument();
            }
        }
        add(Token.of(name.equals("begin") ? Kind.BEGIN : Kind.END_OF, environment, spaced));
    }
}
