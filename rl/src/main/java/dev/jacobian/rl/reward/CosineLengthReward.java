// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import java.util.ArrayList;
import java.util.List;

/**
 * A reward for right and wrong answers that depends on their length along a cosine: TRL's {@code get_cosine_scaled_reward}, by Yeo et al.,
 * arXiv 2502.03373. Right answers earn more the shorter they are; wrong ones lose less the longer they are, so that a policy that is wrong
 * thinks on.
 *
 * <pre>
 * c = (1 + cos(π · min(1, length / max_len))) / 2              1 for nothing, 0 from max_len on
 * right:  min_value_correct + c · (max_value_correct − min_value_correct)
 * wrong:  max_value_wrong   + c · (min_value_wrong   − max_value_wrong)
 * </pre>
 *
 * <p>Whether an answer is right the other rewards of the run say, or the first of them where it decides
 * ({@link WeightedRewards#decidedBy}); where they say nothing, this one skips. Difference to TRL: beyond max_len the cosine does not turn
 * back, which would pay a right answer for growing.
 *
 * @param minValueWrong for a wrong answer of no length
 * @param maxValueWrong for a wrong one of max_len
 * @param minValueCorrect for a right one of max_len
 * @param maxValueCorrect for a right one of no length
 * @param maxLen the length from which on it stays the same
 * @param unit what is counted
 * @param rightFrom what the other rewards must give a sample so that it is right
 */
public record CosineLengthReward(
        @Setting(value = "-1.0", doc = "reward of a wrong answer of no length")
        double minValueWrong,

        @Setting(value = "-0.5", doc = "reward of a wrong answer of max_len")
        double maxValueWrong,

        @Setting(value = "0.5", doc = "reward of a right answer of max_len")
        double minValueCorrect,

        @Setting(value = "1.0", doc = "reward of a right answer of no length")
        double maxValueCorrect,

        @Setting(value = "1000", doc = "length from which on the reward stays the same")
        int maxLen,

        @Setting(value = "tokens", doc = "what length counts")
        Unit unit,

        @Setting(value = "1.0", doc = "what the other rewards must give a sample so that it is right")
        double rightFrom)
        implements GroupReward {
    /** TRL's. */
    public static final CosineLengthReward DEFAULT = ConfigTree.defaults(CosineLengthReward.class);

    /** What a length counts. */
    public enum Unit {
        /** Tokens, the end token included. */
        TOKENS,
        /** Characters of the text. */
        CHARACTERS
    }

    public CosineLengthReward {
        requireAtLeast("max_len", 1, maxLen);
        require(
                minValueWrong <= maxValueWrong,
                "min_value_wrong (" + minValueWrong + ") must not exceed max_value_wrong (" + maxValueWrong + ")");
        require(
                minValueCorrect <= maxValueCorrect,
                "min_value_correct (" + minValueCorrect + ") must not exceed max_value_correct (" + maxValueCorrect
                        + ")");
    }

    @Override
    public String name() {
        return "cosine_scaled";
    }

    @Override
    public boolean needsTokens() {
        return unit == Unit.TOKENS;
    }

    @Override
    public List<Score> score(Samples group) {
        List<Score> scores = new ArrayList<>();
        for (int i = 0; i < group.completions().size(); i++) {
            double given = group.rewards()[i];
            scores.add(
                    Double.isNaN(given)
                            ? Score.skip()
                            : Score.of(of(length(group.completions().get(i)), given >= rightFrom)));
        }
        return scores;
    }

    private int length(Completion completion) {
        String text = completion.text();
        return unit == Unit.TOKENS ? completion.tokenIds().length : text.codePointCount(0, text.length());
    }

    /** The reward of an answer of a length. */
    double of(int length, boolean right) {
        double cosine = (1 + StrictMath.cos(Math.PI * Math.min(1, length / (double) maxLen))) / 2;
        return right
                ? minValueCorrect + cosine * (maxValueCorrect - minValueCorrect)
                : maxValueWrong + cosine * (minValueWrong - maxValueWrong);
    }
}
