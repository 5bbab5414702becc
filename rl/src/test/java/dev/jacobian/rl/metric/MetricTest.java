// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class MetricTest {

    @Test
    void passAtK() {
        int[] k = {1, 2, 4, 8, 16};
        double[] expected = {.1875, .35, .607143, .9, 1};
        for (int i = 0; i < k.length; i++) {
            assertThat(PassAtK.of(16, 3, k[i])).isCloseTo(expected[i], within(6e-7));
        }
        assertThat(PassAtK.of(4, 0, 4)).isZero();
        assertThat(PassAtK.of(4, 4, 1)).isEqualTo(1);
        assertThat(PassAtK.mean(4, new int[] {0, 1, 4}, 1)).isCloseTo((0 + 0.25 + 1) / 3, within(1e-12));
        assertThatThrownBy(() -> PassAtK.of(4, 1, 5)).hasMessageContaining("pass@5");
        assertThatThrownBy(() -> PassAtK.of(4, 1, 0)).hasMessageContaining("pass@0");
        assertThatThrownBy(() -> PassAtK.of(4, 5, 1)).hasMessageContaining("5 right");
    }

    @Test
    void passAtKCountsSubsets() {
        // 5 samples, 2 right: of the 10 pairs all but the 3 among the wrong ones contain a right one.
        assertThat(PassAtK.of(5, 2, 2)).isCloseTo(0.7, within(1e-12));
    }

    @Test
    void majorityVote() {
        assertThat(MajorityVote.winner(answers("4", "5", "5"))).contains("5");
        assertThat(MajorityVote.winner(answers("5", "4", "4", "5"))).contains("5");
        assertThat(MajorityVote.winner(answers("4", "5", "5", "4"))).contains("4");
        assertThat(MajorityVote.winner(answers(null, null, "7"))).contains("7");
        assertThat(MajorityVote.winner(answers((String) null))).isEmpty();
        assertThat(MajorityVote.winner(List.of())).isEmpty();
        assertThat(MajorityVote.accuracy(
                        List.of(answers("4", "5", "5"), answers("1", "2"), answers((String) null)),
                        List.of("5", "2", "3")))
                .isCloseTo(1.0 / 3, within(1e-12));
        assertThatThrownBy(() -> MajorityVote.accuracy(List.of(), List.of("1"))).hasMessageContaining("0 problems");
    }

    @Test
    void repetition() {
        assertThat(Repetition.of(new int[] {1, 2, 3, 1, 2, 3, 1, 2, 3, 4}, 5)).isCloseTo(0.333333, within(6e-7));
        assertThat(Repetition.of(new int[] {1, 2, 3, 4, 5}, 5)).isZero();
        assertThat(Repetition.of(new int[4], 5)).isZero();
        assertThat(Repetition.of(new int[100], 5)).isCloseTo(1 - 1.0 / 96, within(1e-12));
        assertThat(Repetition.mean(new int[][] {new int[6], {1, 2, 3, 4, 5, 6}}, 5))
                .isCloseTo(0.25, within(1e-12));
        assertThatThrownBy(() -> Repetition.of(new int[5], 0)).hasMessageContaining("n must be");
    }

    @Test
    void selfBleu() {
        // Expected values: nltk 3.10, sentence_bleu with smoothing method 1, mean over responses.
        check(0.5890921888746043, new int[][] {{1, 2, 3, 4, 5, 6}, {1, 2, 3, 4, 9, 6}, {7, 2, 3, 4, 5, 8, 1}});
        check(0.15093916220765555, new int[][] {{1, 1, 1, 1, 2, 3}, {1, 1, 2, 2, 3, 3, 4}, {3, 2, 1}});
        check(0.047905488152065856, new int[][] {{1, 2}, {1, 2, 3, 4, 5, 6, 7}});
        check(1, new int[][] {{1, 2, 3, 4, 5}, {1, 2, 3, 4, 5}});
        check(0, new int[][] {{1, 2, 3, 4}, {5, 6, 7, 8}});
        check(0, new int[][] {{}, {5, 6, 7, 8}});
        assertThatThrownBy(() -> SelfBleu.of(new int[1][4])).hasMessageContaining("at least 2");
    }

    private static void check(double expected, int[][] responses) {
        assertThat(SelfBleu.of(responses)).isCloseTo(expected, within(1e-12));
    }

    private static List<Optional<String>> answers(String... texts) {
        return java.util.Arrays.stream(texts).map(Optional::ofNullable).toList();
    }
}
