// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.rl.learn.PolicyScorer;
import dev.jacobian.rl.learn.ReferencePolicy;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.RolloutTask;
import dev.jacobian.rl.rollout.Rollouts;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Where the initial model's weights are: on a GPU beside the policy, or in the host's memory until they are asked for. */
class ReferencePolicyDeviceTest {
    private static List<Group> groups(CausalLM model) {
        Addition task = new Addition();
        List<RolloutTask.Request> requests = new ArrayList<>();
        for (Problem problem : task.trainProblems(0, 0, 3)) {
            requests.add(new RolloutTask.Request(problem, requests.size(), 4));
        }
        return Rollouts.local(model).run(new RolloutTask(requests, GenerationConfig.sampling(4, 1f, 5), 0));
    }

    private static List<Float> scores(ReferencePolicy reference, List<Group> groups) {
        List<Float> all = new ArrayList<>();
        reference.use(policy -> {
            for (float one : PolicyScorer.logProbs(policy, groups, 1f, 30)) {
                all.add(one);
            }
        });
        return all;
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    @DisplayName("scores with the same bits from there, also when the policy has moved on")
    void bits(DType type) {
        CausalLM policy = TestModels.addition(type);
        List<Group> groups = groups(policy);
        ReferencePolicy stays = ReferencePolicy.of(policy, false);
        ReferencePolicy moves = ReferencePolicy.of(policy, true);
        List<Float> before = scores(stays, groups);
        for (Parameter parameter : policy.parameters()) {
            parameter.value().fill(0f);
            parameter.valueChanged();
        }
        assertThat(scores(stays, groups)).isEqualTo(before);
        assertThat(scores(moves, groups)).isEqualTo(before);
        assertThat(scores(moves, groups)).as("again").isEqualTo(before);
    }

    @Test
    @DisplayName("takes no memory of the device while it idles, and the gradients' while it scores")
    void memory() {
        CausalLM policy = TestModels.addition(DType.F32);
        Device device = policy.device();
        Assumptions.assumeFalse(device.equals(Device.CPU), "no device named");
        Workspace workspace = new Workspace();
        workspace.run(() -> {
            policy.loss(List.of(new int[] {1, 2, 3}), List.of(new int[] {1, 2, 3}))
                    .backward();
            policy.parameters().forEach(Parameter::clearGrad);
        });
        // What the garbage collector finds meanwhile adds to what is free, never takes from it.
        long before = Backends.of(device).memory().availableMemory();
        ReferencePolicy moves = ReferencePolicy.of(policy, true);
        assertThat(Backends.of(device).memory().availableMemory()).isGreaterThanOrEqualTo(before);
        moves.use(there -> {
            assertThat(there.device()).isEqualTo(device);
            assertThat(Backends.of(device).memory().availableMemory()).isGreaterThanOrEqualTo(before);
        });
        long weights = Float.BYTES * policy.config().parameters();
        assertThat(Backends.of(device).memory().availableMemory())
                .as("the gradients come back with the next step")
                .isGreaterThanOrEqualTo(before + weights);
    }
}
