// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * 1 if the number of a completion is that of a GSM8K solution (Cobbe et al., arXiv 2110.14168), by the rules of lm-evaluation-harness, to the
 * letter.
 *
 * <p>The number found is compared as text, once commas, dollars, all up to {@code ####} and a full stop at the end are gone from both sides:
 * {@code 38.00} is not 38 to it. {@code math} and {@code exact_match} with {@code answer=last_number} compare values.
 *
 * @param column the solution, or the number alone
 * @param method where the completion has its number
 */
public record Gsm8kReward(
        @Setting(
                value = "answer",
                doc = "column with the solution that ends with '#### NUMBER', or with the number alone")
        String column,

        @Setting(
                value = "strict",
                doc = "where the completion has its number: strict is behind the first '#### ', flexible is the last"
                        + " one")
        Method method)
        implements ExplainedReward, ReadsAnswer {
    /** Strict, against column {@code answer}. */
    public static final Gsm8kReward DEFAULT = ConfigTree.defaults(Gsm8kReward.class);

    private static final Pattern NOISE = Pattern.compile(",|\\$");
    private static final String MARK = "#### ";
    private static final Pattern FULL_STOP = Pattern.compile("\\.$", Pattern.UNIX_LINES);

    /** Where a completion has its number. */
    public enum Method {
        /** Behind the first {@code ####}. */
        STRICT(Pattern.compile("#### (-?[0-9.,]+)")),
        /** The last number of all. */
        FLEXIBLE(Pattern.compile("-?[$0-9.,]{2,}|-?[0-9]+"));

        private final Pattern number;

        Method(Pattern number) {
            this.number = number;
        }

        private Optional<String> find(String text) {
            Matcher matcher = number.matcher(text);
            Optional<String> found = Optional.empty();
            while (matcher.find()) {
                found = Optional.of(matcher.group(matcher.groupCount()).strip());
                if (this == STRICT) {
                    break;
                }
            }
            return found;
        }
    }

    @Override
    public String name() {
        return "gsm8k";
    }

    @Override
    public Optional<String> answer(String completion) {
        return method.find(completion);
    }

    @Override
    public Explanation explain(Completion completion) {
        String reference = normalised(completion.columns().string(column));
        Optional<String> found = answer(completion.text());
        boolean right =
                found.filter(number -> normalised(number).equals(reference)).isPresent();
        return Explanation.of(Score.of(right ? 1 : 0), found);
    }

    private static String normalised(String text) {
        String plain = NOISE.matcher(text).replaceAll("");
        int mark = plain.lastIndexOf(MARK);
        String number = mark < 0 ? plain : plain.substring(mark + MARK.length());
        return FULL_STOP.matcher(number).replaceAll("").toLowerCase(Locale.ROOT);
    }

    /** The column must be there and say something. */
    @Override
    public void requireUsable(Columns columns) {
        References.require(columns, column);
    }
}
