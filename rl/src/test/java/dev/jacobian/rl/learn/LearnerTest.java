// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.autograd.Var;
import dev.jacobian.io.Json;
import dev.jacobian.rl.TestModels;
import dev.jacobian.rl.config.LrScheduler;
import dev.jacobian.rl.config.OptimizationConfig;
import dev.jacobian.transformer.CausalLM;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One optimizer step, and going on from a checkpoint. */
class LearnerTest {
    private static final OptimizationConfig WARMING_UP =
            new OptimizationConfig(1e-2, LrScheduler.LINEAR, 2, 1.0, 0.9, 0.999, 1e-8, 0, -1);
    private static final List<int[]> TEXT = List.of(new int[] {1, 2, 3, 4}, new int[] {5, 6});

    @TempDir
    Path folder;

    private static Learner learner(CausalLM model) {
        return new Learner(model.parameters(), WARMING_UP, 6, false);
    }

    /** Two micro-batches. */
    private static double accumulate(CausalLM model) {
        double loss = 0;
        for (int[] sequence : TEXT) {
            Var part = model.loss(List.of(sequence), List.of(sequence));
            part.backward();
            loss += part.value().item();
        }
        return loss;
    }

    @Test
    @DisplayName("the rate follows the schedule, the norm is the whole step's, and gradients are cleared")
    void steps() {
        CausalLM model = TestModels.addition();
        Learner learner = learner(model);
        List<Integer> before = TestModels.bits(model);
        Update first = learner.update(() -> accumulate(model));
        assertThat(first.learningRate()).isZero();
        assertThat(TestModels.bits(model))
                .as("the first step of a warm-up has the rate 0")
                .isEqualTo(before);
        assertThat(model.parameters()).allSatisfy(p -> assertThat(p.grad()).isEmpty());
        Update second = learner.update(() -> accumulate(model));
        assertThat(second).as("of the same weights").isEqualTo(new Update(first.loss(), first.gradientNorm(), 0.5e-2));
        assertThat(first.gradientNorm()).isPositive();
        Update third = learner.update(() -> accumulate(model));
        assertThat(third.loss()).isLessThan(first.loss());
        assertThat(third.learningRate()).isCloseTo(1e-2, within(1e-15));
        assertThat(learner.updates()).isEqualTo(3);
    }

    @Test
    @DisplayName("what is not finite is never applied")
    void diverged() {
        CausalLM model = TestModels.addition();
        Learner learner = learner(model);
        learner.update(() -> accumulate(model));
        List<Integer> before = TestModels.bits(model);
        assertThatThrownBy(() -> learner.update(() -> accumulate(model) * Double.NaN))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("optimizer step 2: the loss is NaN")
                .hasMessageContaining("lower learning_rate");
        assertThat(TestModels.bits(model)).isEqualTo(before);
        assertThat(learner.updates()).isEqualTo(1);
    }

    @Test
    @DisplayName(
            "a learner that goes on from a checkpoint takes the steps of one that never stopped, forgetting included")
    void resumed() {
        CausalLM whole = TestModels.addition();
        Learner uninterrupted = learner(whole);
        CausalLM broken = TestModels.addition();
        Learner first = learner(broken);
        for (Learner learner : List.of(uninterrupted, first)) {
            CausalLM model = learner == first ? broken : whole;
            learner.update(() -> accumulate(model));
            learner.forget();
            learner.update(() -> accumulate(model));
        }
        ObjectNode state = Json.object();
        first.save(folder, state);
        assertThat(state.path("updates").asInt()).isEqualTo(2);
        assertThat(state.path("optimizer_steps").asLong()).as("since it forgot").isEqualTo(1);
        Learner second = learner(broken);
        second.restore(folder, state);
        uninterrupted.update(() -> accumulate(whole));
        second.update(() -> accumulate(broken));
        assertThat(TestModels.bits(broken)).isEqualTo(TestModels.bits(whole));
        assertThat(second.updates()).isEqualTo(3);
    }
}
