// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math;

import dev.jacobian.rl.math.expression.MathProblem;
import dev.jacobian.rl.math.expression.Node;
import dev.jacobian.rl.math.expression.Work;
import dev.jacobian.rl.math.extraction.FinalAnswer;
import dev.jacobian.rl.math.judging.Choices;
import dev.jacobian.rl.math.judging.Judge;
import dev.jacobian.rl.math.reading.Characters;
import dev.jacobian.rl.math.reading.Readings;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Whether an answer to a problem of mathematics is right.
 *
 * <pre>{@code
 * MathAnswers.equal("\\frac{1}{2}", "0.5");                        // true
 * MathAnswers.judge("x^2-4", "So we get $(x+2)(x-2)$.").isRight(); // true
 * }</pre>
 *
 * <p>The way of an answer: {@link FinalAnswer} finds it in the text, {@link Readings} makes trees of it ({@link Node}), {@link Judge} compares
 * them by kind, {@link dev.jacobian.rl.math.expression.Scalars} compares what are numbers and formulas. Nothing is ever executed, and nothing
 * large is computed: every step asks {@link Work} first, so the verdict on any text comes after a bounded number of steps, and is the same
 * everywhere.
 */
public final class MathAnswers {

    private MathAnswers() {}

    /** Whether two bare answers are the same. */
    public static boolean equal(String reference, String answer) {
        return check(reference, answer, false, new Work()).isRight();
    }

    /** Whether the answer that a text arrives at is the reference. */
    public static MathVerdict judge(String reference, String completion) {
        return judge(reference, completion, new Work());
    }

    /** The same with the steps that it may take, so that a test can count them. */
    static MathVerdict judge(String reference, String completion, Work work) {
        return check(reference, completion, true, work);
    }

    /** The answer that a text arrives at, as text. */
    public static Optional<String> extract(String completion) {
        try {
            return found(completion, new Work())
                    .map(answer -> answer.texts().getFirst().strip());
        } catch (MathProblem.TooMuchWork e) {
            return Optional.empty();
        }
    }

    private static Optional<FinalAnswer> found(String completion, Work work) {
        return FinalAnswer.in(completion, work).filter(answer -> !answer.texts().isEmpty());
    }

    private static MathVerdict check(String reference, String text, boolean extract, Work work) {
        Optional<FinalAnswer> gold = reference(reference, work);
        if (gold.isEmpty()) {
            return new MathVerdict(MathVerdict.Outcome.NO_REFERENCE, Optional.empty());
        }
        Optional<String> shown = Optional.empty();
        try {
            Optional<FinalAnswer> answer = extract ? found(text, work) : bare(Characters.normalized(text));
            if (answer.isEmpty()) {
                return new MathVerdict(MathVerdict.Outcome.NO_ANSWER, Optional.empty());
            }
            shown = Optional.of(answer.get().texts().getFirst().strip());
            boolean right = isRight(gold.get(), answer.get(), work);
            return new MathVerdict(right ? MathVerdict.Outcome.RIGHT : MathVerdict.Outcome.WRONG, shown);
        } catch (MathProblem.TooMuchWork e) {
            return new MathVerdict(MathVerdict.Outcome.TOO_MUCH_WORK, shown);
        }
    }

    private static boolean isRight(FinalAnswer gold, FinalAnswer answer, Work work) {
        Optional<Boolean> choice = Choices.same(gold.texts().getFirst(), answer.texts());
        if (choice.isPresent()) {
            return choice.get();
        }
        List<Node> meant = readings(gold, work);
        return new Judge(work).same(meant, readings(answer, work));
    }

    private static List<Node> readings(FinalAnswer answer, Work work) {
        Set<Node> readings = new LinkedHashSet<>();
        for (String text : answer.texts()) {
            readings.addAll(Readings.of(text, answer.plain(), work));
        }
        return List.copyOf(readings);
    }

    /** A reference is a bare answer, or a worked solution that ends in one, as those of GSM8K and MATH are. */
    private static Optional<FinalAnswer> reference(String reference, Work work) {
        String text = Characters.normalized(reference);
        if (text.contains("\\boxed") || text.contains("####") || text.contains("<answer>")) {
            try {
                return found(text, work);
            } catch (MathProblem.TooMuchWork e) {
                return Optional.empty();
            }
        }
        return bare(text);
    }

    private static Optional<FinalAnswer> bare(String text) {
        return text.isBlank()
                ? Optional.empty()
                : Optional.of(new FinalAnswer(List.of(text), text.indexOf('\\') < 0 && text.indexOf('$') < 0));
    }
}
