// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import dev.jacobian.rl.arithmetic.Expression;
import dev.jacobian.rl.arithmetic.ExpressionException;
import dev.jacobian.rl.arithmetic.ExpressionParser;
import dev.jacobian.rl.arithmetic.Rational;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The reward of the Countdown puzzle as TinyZero gives it: use every number once, reach the target.
 *
 * <ol>
 *   <li>The answer is the last {@code <answer>…</answer>} in the last line of the completion. Without one the reward is
 *       0.
 *   <li>The answer must contain each of the numbers exactly once, and nothing but digits, {@code + - * / ( ) .} and
 *       blanks.
 *   <li>If its value is the target the reward is {@code right}, else {@code format}.
 * </ol>
 *
 * <p>Values are exact fractions; TinyZero's tolerance of 1e-5 is kept. Three things that TinyZero lets through because
 * Python evaluates them are wrong here: powers ({@code 2**3}), floor division ({@code 7//2}) and decimal points
 * ({@code 3.5} out of 3 and 5). The prompt does not allow them, and a policy finds such holes.
 *
 * <p>Columns: {@code nums}, a list of whole numbers, and {@code target}, a whole number.
 *
 * @param format reward for an answer that is there but wrong
 * @param right reward for the right answer
 */
public record CountdownReward(
        @Setting(value = "0.1", doc = "reward of an answer that is there but wrong")
        double format,

        @Setting(value = "1.0", doc = "reward of the right answer")
        double right)
        implements ExplainedReward, ReadsAnswer {
    /** 0.1 for an answer, 1 for the right one. */
    public static final CountdownReward DEFAULT = ConfigTree.defaults(CountdownReward.class);

    private static final Pattern ALLOWED = Pattern.compile("[\\d+\\-*/().\\s]+");
    private static final Rational TOLERANCE = new Rational(1, 100_000);
    private static final List<String> ASSISTANT_MARKS = List.of("Assistant:", "<|im_start|>assistant");

    /** 0.1 for an answer, 1 for the right one. */
    public CountdownReward() {
        this(0.1, 1.0);
    }

    @Override
    public String name() {
        return "countdown";
    }

    @Override
    public Explanation explain(Completion completion) {
        Columns columns = completion.columns();
        double score = scoreText(completion.text(), columns.integers("nums"), columns.integer("target"));
        return Explanation.of(Score.of(score), lastAnswer(completion.text()));
    }

    @Override
    public Optional<String> answer(String completion) {
        return lastAnswer(completion);
    }

    /** Scores a completion without its prompt. */
    public double scoreText(String text, List<Long> numbers, long target) {
        return lastAnswer(text)
                .map(answer -> isRight(answer, numbers, target) ? right : format)
                .orElse(0.0);
    }

    /**
     * Scores prompt and completion in one text, as TinyZero's own function takes it: what counts begins after the first
     * {@code Assistant:}, or failing that {@code <|im_start|>assistant}. A text without either gets 0.
     */
    public double scoreTranscript(String transcript, List<Long> numbers, long target) {
        for (String mark : ASSISTANT_MARKS) {
            int start = transcript.indexOf(mark);
            if (start >= 0) {
                return scoreText(transcript.substring(start + mark.length()), numbers, target);
            }
        }
        return 0;
    }

    /** The content of the last answer tag in the last line, stripped. */
    public static Optional<String> lastAnswer(String text) {
        String lastLine = text.substring(text.lastIndexOf('\n') + 1);
        return AnswerTag.last(lastLine);
    }

    /** Needs {@code nums}, a list of whole numbers, and {@code target}, a whole number. */
    @Override
    public void requireUsable(Columns columns) {
        columns.integers("nums");
        columns.integer("target");
    }

    private static boolean isRight(String answer, List<Long> numbers, long target) {
        if (!ALLOWED.matcher(answer).matches()) {
            return false;
        }
        try {
            Expression expression = ExpressionParser.parse(answer);
            return expression.numbers().stream()
                            .sorted()
                            .toList()
                            .equals(numbers.stream().sorted().toList())
                    && isClose(expression.value(), target);
        } catch (ExpressionException | ArithmeticException wrong) {
            return false; // not an expression, or one without a value: an answer, but a wrong one
        }
    }

    private static boolean isClose(Rational value, long target) {
        Rational difference = value.minus(Rational.of(target));
        Rational distance = difference.signum() < 0 ? difference.negate() : difference;
        return distance.compareTo(TOLERANCE) < 0;
    }
}
