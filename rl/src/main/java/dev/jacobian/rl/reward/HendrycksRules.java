// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * When two answers are one, by the string rules of the MATH data set's harness (Hendrycks et al., arXiv 2103.03874), as
 * lm-evaluation-harness has them in {@code hendrycks_math}.
 *
 * <p>Decision: to the letter, faults included, for a number that others publish must come out here too. The rules know nothing of
 * mathematics: {@code 0.5} is one half, {@code 0.25} is not one quarter; {@code (1)/(7)} is no fraction to them, and an answer that they
 * cannot read at all is compared as it is written. {@code math} is the reward that understands.
 */
final class HendrycksRules {
    /** Python reads no integer of more digits. */
    private static final int MAX_DIGITS = 4300;

    private static final Pattern PYTHON_INTEGER =
            Pattern.compile("\\s*[+-]?\\d+(_\\d+)*\\s*", Pattern.UNICODE_CHARACTER_CLASS);

    private static final Pattern INTEGER = Pattern.compile("0|-?[1-9][0-9]*");

    private HendrycksRules() {}

    /** 1 if what was found is the reference in a column by these rules. */
    static Explanation explain(Columns columns, String column, Optional<String> found) {
        String reference = References.boxed(columns, column);
        boolean right = found.filter(text -> isEqual(text, reference)).isPresent();
        return Explanation.of(Score.of(right ? 1 : 0), found);
    }

    /** Whether the rules make the same of both; if they fail on one, whether both are written alike. */
    static boolean isEqual(String a, String b) {
        Optional<String> first = normalised(a);
        Optional<String> second = normalised(b);
        return first.isPresent() && second.isPresent() ? first.equals(second) : a.equals(b);
    }

    /** What the rules make of an answer; empty where they fail. */
    static Optional<String> normalised(String answer) {
        String text = answer.replace("\n", "")
                .replace("\\!", "")
                .replace("\\\\", "\\")
                .replace("tfrac", "frac")
                .replace("dfrac", "frac")
                .replace("\\left", "")
                .replace("\\right", "")
                .replace("^{\\circ}", "")
                .replace("^\\circ", "")
                .replace("\\$", "");
        return withoutUnits(text)
                .map(number -> number.replace("\\%", "").replace(" .", " 0.").replace("{.", "{0."))
                .flatMap(HendrycksRules::inOneForm);
    }

    /** Units stand behind the answer in a text that begins with a blank; two such texts are a failure. */
    private static Optional<String> withoutUnits(String text) {
        String[] parts = text.split("\\\\text\\{ ", -1);
        return parts.length <= 2 ? Optional.of(parts[0]) : Optional.empty();
    }

    private static Optional<String> inOneForm(String text) {
        if (text.isEmpty()) {
            return Optional.of(text);
        }
        String number = withoutName(text.startsWith(".") ? "0" + text : text);
        return withBracedRoots(number)
                .map(rooted -> rooted.replace(" ", ""))
                .flatMap(HendrycksRules::withBracedFractions)
                .map(fraction -> fraction.equals("0.5") ? "\\frac{1}{2}" : fraction)
                .flatMap(HendrycksRules::withSlashAsFraction);
    }

    /** {@code k = 5} is 5, if the name is short. */
    private static String withoutName(String text) {
        String[] sides = text.split("=", -1);
        return sides.length == 2 && sides[0].codePointCount(0, sides[0].length()) <= 2 ? sides[1] : text;
    }

    /** {@code \sqrt3} is {@code \sqrt{3}}; a root of nothing is a failure. */
    private static Optional<String> withBracedRoots(String text) {
        String[] parts = text.split("\\\\sqrt", -1);
        StringBuilder all = new StringBuilder(parts[0]);
        for (int i = 1; i < parts.length; i++) {
            if (parts[i].isEmpty()) {
                return Optional.empty();
            }
            all.append("\\sqrt");
            int first = parts[i].offsetByCodePoints(0, 1);
            if (parts[i].startsWith("{")) {
                all.append(parts[i]);
            } else {
                all.append('{').append(parts[i], 0, first).append('}').append(parts[i].substring(first));
            }
        }
        return Optional.of(all.toString());
    }

    /** {@code \frac12} is {@code \frac{1}{2}}; a fraction of nothing is a failure, one of a single character stays. */
    private static Optional<String> withBracedFractions(String text) {
        String[] parts = text.split("\\\\frac", -1);
        StringBuilder all = new StringBuilder(parts[0]);
        for (int i = 1; i < parts.length; i++) {
            String part = parts[i];
            if (part.isEmpty()) {
                return Optional.empty();
            }
            all.append("\\frac");
            if (part.startsWith("{")) {
                all.append(part);
                continue;
            }
            int first = part.offsetByCodePoints(0, 1);
            if (first == part.length()) {
                return Optional.of(text);
            }
            int second = part.offsetByCodePoints(first, 1);
            boolean braced = part.charAt(first) == '{';
            all.append('{').append(part, 0, first).append('}');
            all.append(braced ? "{" : "{" + part.substring(first, second) + "}").append(part.substring(second));
        }
        return Optional.of(all.toString());
    }

    /** {@code 1/2} is {@code \frac{1}{2}}; a quotient of what are no integers is a failure. */
    private static Optional<String> withSlashAsFraction(String text) {
        String[] sides = text.split("/", -1);
        if (sides.length != 2) {
            return Optional.of(text);
        }
        if (!isPythonInteger(sides[0]) || !isPythonInteger(sides[1])) {
            return Optional.empty();
        }
        boolean plain =
                INTEGER.matcher(sides[0]).matches() && INTEGER.matcher(sides[1]).matches();
        return Optional.of(plain ? "\\frac{" + sides[0] + "}{" + sides[1] + "}" : text);
    }

    private static boolean isPythonInteger(String text) {
        return text.length() <= MAX_DIGITS && PYTHON_INTEGER.matcher(text).matches();
    }
}
