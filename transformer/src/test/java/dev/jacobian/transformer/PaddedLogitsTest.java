// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.TestPaths;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Mean logits over rectangles with padding; that they are TRL's numbers is a matter of its runs of ORPO, CPO and BCO. */
class PaddedLogitsTest {
    private static final int PADDING = 0;
    private static final int[] LONG = {3, 1, 4, 1, 5, 9, 2, 6};
    private static final int[] SHORT = {2, 7, 1};
    private static final int[] ONE = {8};

    private static CausalLM model() {
        return CausalLM.load(TestPaths.model("arith-qwen3"));
    }

    private static float[][] means(List<int[]> sequences, int length, int limit) {
        return new PaddedLogits(model(), PADDING).means(sequences, length, limit);
    }

    @Test
    @DisplayName("at tokens they are the means of the model's logits")
    void tokens() {
        float[] means = means(List.of(LONG), LONG.length, 100)[0];
        Tensor logits = model().logits(LONG); // [T, V]
        for (int t = 0; t < LONG.length; t++) {
            double sum = 0;
            for (float logit : logits.slice(0, t, t + 1).toFloatArray()) {
                sum += logit;
            }
            assertThat((double) means[t]).isCloseTo(sum / logits.extent(1), within(1e-5));
        }
    }

    @Test
    @DisplayName("alone or among others, in one pass or in several, they have the same bits")
    void bits() {
        float[][] together = means(List.of(SHORT, LONG, ONE), 10, 100);
        assertThat(means(List.of(SHORT, LONG, ONE), 10, 10)).isDeepEqualTo(together);
        assertThat(means(List.of(ONE), 10, 100)[0]).isEqualTo(together[2]);
    }

    @Test
    @DisplayName("padding sees its sequence, and neither itself nor other padding")
    void padding() {
        float[] ten = means(List.of(SHORT), 10, 100)[0];
        float[] five = means(List.of(SHORT), 5, 100)[0];
        assertThat(Arrays.copyOf(ten, 5)).isEqualTo(five);
        int[] asToken = {2, 7, 1, PADDING};
        assertThat(means(List.of(asToken), 5, 100)[0][3]).isNotEqualTo(five[3]); // a token sees itself
        int[] other = {7, 2, 1};
        assertThat(means(List.of(other), 5, 100)[0][4]).isNotEqualTo(five[4]);
    }

    @Test
    @DisplayName("a model that carries a state from token to token has no onlookers")
    void states() {
        assertThat(PaddedLogits.isKnownFor(model())).isTrue();
        CausalLM recurrent = CausalLM.load(TestPaths.model("qwen3-next"));
        assertThat(PaddedLogits.isKnownFor(recurrent)).isFalse();
        assertThatThrownBy(() -> new PaddedLogits(recurrent, 0).means(List.of(SHORT), 5, 100))
                .hasMessageContaining("nothing can look on");
    }
}
