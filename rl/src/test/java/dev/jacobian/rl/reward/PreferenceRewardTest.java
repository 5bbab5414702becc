// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.transformer.generation.FinishReason;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class PreferenceRewardTest {
    private static final PreferenceFunction CIRCLE = PreferenceFunction.ofEmbeddings(
            group -> group.completions().stream()
                    .map(c -> {
                        double turn = 2
                                * Math.PI
                                / 3
                                * List.of("rock", "scissors", "paper").indexOf(c.text());
                        return new double[] {Math.cos(turn), Math.sin(turn)};
                    })
                    .toArray(double[][]::new),
            0.1);

    private static BatchReward.Samples samples(String... texts) {
        List<Completion> completions = Stream.of(texts)
                .map(text -> new Completion("p", "", Columns.NONE, text, new int[text.length()], FinishReason.STOP))
                .toList();
        return new BatchReward.Samples(completions, new double[texts.length]);
    }

    private static double[] rewards(PreferenceReward reward, String... texts) {
        return reward.score(samples(texts)).stream().mapToDouble(Score::orNaN).toArray();
    }

    @Test
    @DisplayName(
            "a general preference goes in a circle: in pairs each beats one and loses to one, among all three nobody"
                    + " leads")
    void circle() {
        double[][] scores = CIRCLE.scores(samples("rock", "scissors", "paper"));
        double won = Math.sin(2 * Math.PI / 3) / 0.1;
        assertThat(scores[0][1]).as("rock beats scissors").isCloseTo(won, within(1e-9));
        assertThat(scores[1][2]).isCloseTo(won, within(1e-9));
        assertThat(scores[2][0]).isCloseTo(won, within(1e-9));
        for (double reward : rewards(PreferenceReward.winRate("rps", CIRCLE), "rock", "scissors", "paper")) {
            assertThat(reward).isCloseTo(0.5, within(1e-9));
        }
        double[] pair = rewards(PreferenceReward.winRate("rps", CIRCLE), "rock", "scissors");
        assertThat(pair[0]).isCloseTo(0.75, within(1e-3));
        assertThat(pair[1]).isCloseTo(0.25, within(1e-3));
    }

    @Test
    @DisplayName("what a reward prefers: the log-odds are differences, means of them are distances from the mean")
    void bradleyTerry() {
        PreferenceFunction longer =
                PreferenceFunction.ofRewards(c -> Score.of(c.text().length()), 0.5);
        double[] scores = rewards(PreferenceReward.score("longer", longer), "a", "bbb", "cc");
        assertThat(scores[0]).isCloseTo(-0.5, within(1e-12));
        assertThat(scores[1]).isCloseTo(0.5, within(1e-12));
        assertThat(scores[2]).isCloseTo(0, within(1e-12));
        double[] wins = rewards(PreferenceReward.winRate("longer", longer), "a", "bbb");
        assertThat(wins[0] + wins[1]).isCloseTo(1, within(1e-12));
        assertThat(wins[1]).isCloseTo((0.5 + 1 / (1 + Math.exp(-1))) / 2, within(1e-12));
    }

    @Test
    @DisplayName("a general preference's score is the paper's bilinear form, skew-symmetric in any even dimension")
    void bilinear() {
        double[] a = {1, 2, 0.5, -1};
        double[] b = {-3, 0.25, 2, 1};
        assertThat(PreferenceFunction.score(a, b)).isCloseTo(1 * 0.25 - 2 * -3 + 0.5 * 1 - -1 * 2, within(1e-12));
        assertThat(PreferenceFunction.score(b, a)).isEqualTo(-PreferenceFunction.score(a, b));
        assertThat(PreferenceFunction.score(a, a)).isZero();
        assertThatThrownBy(() -> PreferenceFunction.score(new double[3], new double[3]))
                .hasMessageContaining("one even number of coordinates, got 3 and 3");
    }

    @Test
    @DisplayName("what is not skew-symmetric is refused with the pair, and ends a run with the reward's name")
    void notSkew() {
        PreferenceReward wrong = PreferenceReward.winRate("wrong", group -> new double[][] {{0, 1}, {1, 0}});
        assertThatThrownBy(() -> wrong.score(samples("a", "b")))
                .hasMessageContaining("sample 0 against sample 1")
                .hasMessageContaining("skew-symmetric");
        Score total = WeightedRewards.of(wrong)
                .score(List.of(samples("a", "b").completions()))
                .getFirst()
                .getFirst()
                .total();
        assertThat(total)
                .isInstanceOfSatisfying(
                        Score.Failure.class,
                        f -> assertThat(f.message())
                                .contains("reward 'wrong' on problem 'p'")
                                .contains("skew-symmetric"));
    }
}
