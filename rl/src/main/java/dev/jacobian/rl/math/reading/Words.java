// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.reading;

import java.util.Locale;
import java.util.regex.Pattern;

/** The words of an answer without their LaTeX. */
public final class Words {

    private static final Pattern FONT = Pattern.compile(
            "\\\\(?:text(?:bf|it|rm|sf|tt|up|normal)?|math(?:rm|bf|it|sf|tt|cal|frak|bb)|operatorname|mbox|hbox|emph|boldsymbol|bm|underline)\\s*\\{([^{}]*)\\}");
    private static final Pattern SPACE =
            Pattern.compile("\\\\[,;:! ]|~|\\\\q?quad\\b|\\\\(?:left|right|displaystyle)\\b");
    private static final Pattern BLANKS = Pattern.compile("\\s+");
    private static final Pattern EDGES = Pattern.compile("^[\\s.,;:?*_`\"']+|[\\s.,;:?*_`\"']+$|(?<=\\p{L})!+$");
    /** In a formula a prime, a star and an exclamation mark say something. */
    private static final Pattern STOPS = Pattern.compile("^[\\s.,;:]+|[\\s.,;:]+$");

    private static final Pattern USELESS_BLANK = Pattern.compile("(?<=\\W) | (?=\\W)");
    private static final Pattern BRACKETED = Pattern.compile("^\\(([\\p{L} ]+)\\)$");
    private static final Pattern ARTICLE = Pattern.compile("^(?:the|an?) (?=\\w{2})");

    private Words() {}

    /** Whether a run of letters is Chinese, where no letter is a variable. */
    static boolean isHan(String run) {
        return !run.isEmpty() && Character.UnicodeScript.of(run.codePointAt(0)) == Character.UnicodeScript.HAN;
    }

    /** Without fonts and LaTeX's blanks, but with case and punctuation. */
    public static String plain(String text) {
        String words = text;
        if (text.indexOf('\\') >= 0) {
            words = FONT.matcher(words).replaceAll("$1");
            words = SPACE.matcher(words).replaceAll(" ");
        }
        return BLANKS.matcher(words.replace('~', ' ').replace("$", "").replace("{:}", ":"))
                .replaceAll(" ")
                .strip();
    }

    /** For comparison of words: small letters, no punctuation at the ends, no article. */
    public static String normalized(String text) {
        return withoutEdges(plain(text).toLowerCase(Locale.ROOT), EDGES);
    }

    /** For comparison of formulas as texts: the same, but x and X are two things. */
    public static String formula(String text) {
        return withoutEdges(plain(text), STOPS);
    }

    private static String withoutEdges(String text, Pattern edges) {
        String words = edges.matcher(text).replaceAll("");
        words = words.replace("\\dfrac", "\\frac").replace("\\tfrac", "\\frac");
        words = USELESS_BLANK.matcher(words).replaceAll("");
        if (words.startsWith("(")) {
            words = BRACKETED.matcher(words).replaceFirst("$1");
        }
        return ARTICLE.matcher(words).replaceFirst("");
    }
}
