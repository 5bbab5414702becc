// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * 1 if the completion's answer is the text of a column, else 0.
 *
 * <p>A problem whose own answer cannot be read (no number in it for {@link Answer#LAST_NUMBER}) is skipped.
 *
 * @param column the column with the right answer
 * @param answer where the answer is in the completion
 */
public record ExactMatchReward(String column, Answer answer) implements RewardFunction {

    /** Where a completion has its answer. */
    public enum Answer {
        /** The completion as it is, blanks included. */
        WHOLE {
            @Override
            public Optional<String> of(String text) {
                return Optional.of(text);
            }
        },
        /** The completion without blanks around it. */
        STRIPPED {
            @Override
            public Optional<String> of(String text) {
                return Optional.of(text.strip());
            }
        },
        /**
         * The content of the last {@code <answer>…</answer>}, over several lines if need be, without blanks around it.
         */
        TAG {
            @Override
            public Optional<String> of(String text) {
                return TAGGED.matcher(text)
                        .results()
                        .reduce((first, second) -> second)
                        .map(match -> match.group(1).strip());
            }
        },
        /**
         * The last decimal number, without thousands separators, trailing full stop or zeros after the decimal point.
         */
        LAST_NUMBER {
            @Override
            public Optional<String> of(String text) {
                return NUMBER.matcher(text)
                        .results()
                        .reduce((first, second) -> second)
                        .map(match -> canonical(match.group()));
            }
        };

        private static final Pattern TAGGED = Pattern.compile("<answer>(.*?)</answer>", Pattern.DOTALL);
        private static final Pattern NUMBER = Pattern.compile("-?\\d+(?:,\\d{3})*(?:\\.\\d+)?");

        /** The answer in a text, if there is one. */
        public abstract Optional<String> of(String text);

        private static String canonical(String number) {
            return number.replace(",", "").replaceFirst("\\.0+$", "");
        }
    }

    /** The whole completion against column {@code answer}. */
    public ExactMatchReward() {
        this("answer", Answer.WHOLE);
    }

    @Override
    public String name() {
        return "exact_match";
    }

    @Override
    public Score score(Completion completion) {
        String reference = completion.columns().string(column);
        // A reference for LAST_NUMBER may be a worked solution (GSM8K's are): its last number counts.
        Optional<String> expected = answer == Answer.LAST_NUMBER ? answer.of(reference) : Optional.of(reference);
        return expected.isEmpty()
                ? Score.skip()
                : Score.of(answer.of(completion.text()).equals(expected) ? 1 : 0);
    }
}
