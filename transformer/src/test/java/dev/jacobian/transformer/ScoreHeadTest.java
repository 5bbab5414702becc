// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.Reduction;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.family.Families;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.Head;
import dev.jacobian.transformer.plan.TensorSpec;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** A number per position: by hand, then on a backbone. */
class ScoreHeadTest {
    @Test
    @DisplayName("by hand: h = (1, 2), (3, 4), w = (10, 1); rows 1, 0, 1 score 34, 12, 34")
    void byHand() {
        Parameter w = Var.parameter("score.weight", Tensor.of(new float[] {10, 1}, 1, 2));
        Parameter h = Var.parameter("h", Tensor.of(new float[] {1, 2, 3, 4}, 2, 2));
        Var scores = new ScoreHead(w, Optional.empty()).scores(h, new int[] {1, 0, 1}); // [3, 1]
        assertThat(scores.value().toFloatArray()).containsExactly(34, 12, 34);
        Reduction.sum(scores).backward();
        assertThat(w.grad().orElseThrow().toFloatArray())
                .as("2 · (3, 4) + (1, 2)")
                .containsExactly(7, 10);
        assertThat(h.grad().orElseThrow().toFloatArray())
                .as("w for row 0, twice w for row 1")
                .containsExactly(10, 1, 20, 2);
    }

    @Test
    @DisplayName("gradients of hidden states in BF16 are refused before anything is computed")
    void onlyInF32() {
        Parameter w = Var.parameter("score.weight", Tensor.zeros(1, 2));
        Parameter h = Var.parameter("h", Tensor.zeros(2, 2).to(DType.BF16));
        assertThatThrownBy(() -> new ScoreHead(w, Optional.empty()).scores(h, new int[] {1}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a head that scores is trained in F32, the hidden states are BF16; load the model with"
                        + " ModelOptions.computingIn(DType.F32), or score inside NoGrad");
    }

    @Test
    @DisplayName("a plan with a head that scores: its tensors, and a gradient that reaches the embedding")
    void onABackbone() {
        DecoderConfig config = Families.read(TestPaths.model("llama-mha-tied"));
        DecoderPlan plan = config.plan().withHead(Head.Scores.REWARD);
        int d = plan.width();
        assertThat(plan.parameters()).isEqualTo(config.parameters() + d);
        TensorSpec last = plan.tensors().getLast();
        assertThat(last.name()).isEqualTo("score.weight");
        assertThat(last.extents()).containsExactly(1, d);
        ModelWeights weights = new ModelWeights(plan, new FreshWeights(0.2, 3));
        Backbone backbone = new Backbone(plan, weights, DType.F32);
        ScoreHead head = ScoreHead.of(weights);
        int[] tokens = {5, 9, 2, 5};
        Var hidden = backbone.hidden(backbone.embed(tokens), Segments.of(4)); // [4, D]
        Var score = head.scores(hidden, new int[] {3}); // [1, 1]
        float[] w = weights.parameters().get("score.weight").value().toFloatArray();
        float[] h = hidden.value().slice(0, 3, 4).toFloatArray();
        double sum = 0;
        for (int i = 0; i < d; i++) {
            sum += (double) w[i] * h[i];
        }
        assertThat((double) score.value().toFloatArray()[0]).isCloseTo(sum, within(1e-5));
        score.backward(Tensor.of(new float[] {1}, 1, 1));
        Tensor gradient =
                weights.parameters().get("model.embed_tokens.weight").grad().orElseThrow();
        for (int token = 0; token < plan.embedding().vocabulary(); token++) {
            boolean used = token == 5 || token == 9 || token == 2;
            boolean zero = true;
            for (float g : gradient.slice(0, token, token + 1).toFloatArray()) {
                zero &= g == 0;
            }
            assertThat(zero).as("token " + token).isEqualTo(!used);
        }
    }
}
