// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import java.math.BigDecimal;
import java.util.Optional;

/**
 * 1 if the completion's answer is that of a column, else 0.
 *
 * <p>Both sides are read in the same way: what {@link Answer} leaves out of a completion (blanks, tags, the words around a
 * number) is left out of the column too, or no completion could ever match it. A column that holds a JSON number is compared
 * by value: {@code 5e-4} in the file is {@code 0.0005} in the completion, 3 is 3.0.
 *
 * <p>A problem whose own answer cannot be read (no number in it for {@link Answer#LAST_NUMBER}) is skipped.
 *
 * @param column the column with the right answer
 * @param answer where the answer is in the completion
 */
public record ExactMatchReward(
        @Setting(value = "answer", doc = "column with the right answer")
        String column,

        @Setting(
                value = "stripped",
                doc = "where the completion has its answer: all of it, all but blanks around it, the last <answer> tag,"
                        + " or the last number")
        Answer answer)
        implements ExplainedReward, ReadsAnswer {
    /** The completion without blanks around it, against column {@code answer}. */
    public static final ExactMatchReward DEFAULT = ConfigTree.defaults(ExactMatchReward.class);

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
                return Optional.of(Blanks.strip(text));
            }
        },
        /**
         * The content of the last {@code <answer>…</answer>}, over several lines if need be, without blanks around it. Tags that
         * a text only speaks of do not count: the last pair without a tag between them does.
         */
        TAG {
            @Override
            public Optional<String> of(String text) {
                return AnswerTag.last(text);
            }

            @Override
            Optional<String> ofReference(String text) {
                return Optional.of(of(text).orElseGet(() -> Blanks.strip(text)));
            }
        },
        /**
         * The last decimal number, without thousands separators, exponent, trailing full stop or zeros that say nothing:
         * {@code 3.50} is 3.5, {@code .5} is 0.5, {@code -0} is 0. A minus behind a digit or letter is an operator.
         */
        LAST_NUMBER {
            @Override
            public Optional<String> of(String text) {
                return NumberText.last(text).map(NumberText::canonical);
            }
        };

        /** The answer in a text, if there is one. */
        public abstract Optional<String> of(String text);

        /** The answer in a column. For a number it may be a worked solution (GSM8K's are), of which the last counts. */
        Optional<String> ofReference(String text) {
            return of(text);
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
    public Optional<String> answer(String completion) {
        return answer.of(completion);
    }

    @Override
    public Explanation explain(Completion completion) {
        Optional<String> found = answer.of(completion.text());
        return Explanation.of(score(found, completion.columns()), found);
    }

    private Score score(Optional<String> found, Columns columns) {
        Optional<Number> number = columns.number(column);
        if (number.isPresent()) {
            return Score.of(found.filter(text -> isNumber(text, number.get())).isPresent() ? 1 : 0);
        }
        Optional<String> expected = answer.ofReference(columns.string(column));
        return expected.isEmpty() ? Score.skip() : Score.of(found.equals(expected) ? 1 : 0);
    }

    private boolean isNumber(String text, Number expected) {
        boolean blanksCount = answer == Answer.WHOLE && !text.equals(Blanks.strip(text));
        Optional<BigDecimal> value = blanksCount ? Optional.empty() : NumberText.whole(text);
        return value.filter(found -> NumberText.isEqual(found, expected)).isPresent();
    }

    /** The column must be there, a string or a number, and say something. */
    @Override
    public void requireUsable(Columns columns) {
        References.require(columns, column);
    }
}
