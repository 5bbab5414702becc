// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * How an answer is found and brought into one form by Minerva's rules (Lewkowycz et al., arXiv 2206.14858, appendix D.1), as
 * lm-evaluation-harness has them in {@code minerva_math}. What they make of two answers is compared as text here; the harness also asks a
 * symbolic algebra, which is what the reward {@code math} is for.
 *
 * <p>An answer of more than {@value #MAX_ANSWER} characters is none: the rules look ahead from every place, and a completion must not
 * choose how long that takes.
 */
final class MinervaRules {
    static final int MAX_ANSWER = 10_000;

    private static final String BEGIN = "Final Answer: The final answer is";
    private static final String END = " I hope it is correct";

    /** What is replaced, in this order. */
    private static final List<List<String>> REPLACED = List.of(
            List.of("an ", ""),
            List.of("a ", ""),
            List.of(".$", "$"),
            List.of("\\$", ""),
            List.of("\\ ", ""),
            List.of(" ", ""),
            List.of("mbox", "text"),
            List.of(",\\text{and}", ","),
            List.of("\\text{and}", ","),
            List.of("\\text{m}", "\\text{}"));

    /** What is left out, in this order. */
    private static final List<String> LEFT_OUT = List.of(
            "square",
            "ways",
            "integers",
            "dollars",
            "mph",
            "inches",
            "ft",
            "hours",
            "km",
            "units",
            "\\ldots",
            "sue",
            "points",
            "feet",
            "minutes",
            "digits",
            "cents",
            "degrees",
            "cm",
            "gm",
            "pounds",
            "meters",
            "meals",
            "edges",
            "students",
            "childrentickets",
            "multiples",
            "\\text{s}",
            "\\text{.}",
            "\\text{\ns}",
            "\\text{}^2",
            "\\text{}^3",
            "\\text{\n}",
            "\\text{}",
            "\\mathrm{th}",
            "^\\circ",
            "^{\\circ}",
            "\\;",
            ",\\!",
            "{,}",
            "\"",
            "\\dots");

    private static final Pattern FORMULA = pattern("(.*?)\\$(.*?)\\$(.*)");
    private static final List<Pattern> WRAPPED = List.of(
            pattern("\\\\text\\{(.*?)\\}"),
            pattern("\\\\textbf\\{(.*?)\\}"),
            pattern("\\\\overline\\{(.*?)\\}"),
            pattern("\\\\boxed\\{(.*)\\}"));
    private static final Pattern FRACTION = pattern("frac([^{])(.)");
    private static final Pattern ROOT = pattern("sqrt([^{])");

    private MinervaRules() {}

    private static Pattern pattern(String regex) {
        return Pattern.compile(regex, Pattern.UNIX_LINES); // only \n ends a line, as in Python
    }

    /**
     * What stands between {@code Final Answer: The final answer is} and {@code . I hope it is correct.}, on one line. The second half may be
     * missing at the end of a text that a stop string cut.
     */
    static Optional<String> answer(String completion) {
        String text = completion + "I hope it is correct.";
        for (int at = text.indexOf(BEGIN); at >= 0; at = text.indexOf(BEGIN, at)) {
            int from = at + BEGIN.length();
            int lineEnd = text.indexOf('\n', from);
            int limit = lineEnd < 0 ? text.length() : lineEnd;
            int end = text.indexOf(END, from + 1);
            if (end >= 0 && end + END.length() < limit) {
                String answer = text.substring(from, end - 1).strip();
                return answer.length() <= MAX_ANSWER ? Optional.of(answer) : Optional.empty();
            }
            at = limit; // a later beginning on this line has no end either
        }
        return Optional.empty();
    }

    /** What the rules make of an answer. */
    static String normalised(String answer) {
        String text = answer.substring(answer.lastIndexOf('=') + 1);
        for (List<String> pair : REPLACED) {
            text = text.replace(pair.getFirst(), pair.getLast());
        }
        for (String word : LEFT_OUT) {
            text = text.replace(word, "");
        }
        text = FORMULA.matcher(text).replaceAll("\\$$2\\$");
        for (Pattern wrapped : WRAPPED) {
            text = wrapped.matcher(text).replaceAll("$1");
        }
        text = FRACTION.matcher(text).replaceAll("frac{$1}{$2}");
        text = ROOT.matcher(text).replaceAll("sqrt{$1}").replace("$", "");
        String digits = text.replace(",", "");
        return !digits.isEmpty() && digits.chars().allMatch(Character::isDigit) ? digits : text;
    }
}
