// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.rl.TestModels;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.FinishReason;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Trajectories grow by choices and by what is given, and one that was paused goes on as if it had not been. */
class TrajectoryTest {
    private static final Problem PROBLEM = new Problem("p", "?", Map.of());

    /** A prompt of two tokens, two choices, a tool's answer of one token, and another choice under newer weights. */
    private static Trajectory withTool() {
        return Trajectory.ofPrompt(new int[] {7, 8})
                .chosen(new int[] {1, 2}, new float[] {-0.5f, -1f}, 3, FinishReason.STOP)
                .given(new int[] {9})
                .chosen(new int[] {4}, new float[] {-2f}, 5, FinishReason.STOP);
    }

    @Test
    @DisplayName("every token has its facts")
    void grows() {
        Trajectory all = withTool();
        assertThat(all.tokens()).containsExactly(7, 8, 1, 2, 9, 4);
        assertThat(all.chosen()).containsExactly(false, false, true, true, false, true);
        assertThat(all.logProbs()).containsExactly(0, 0, -0.5f, -1, 0, -2);
        assertThat(all.versions().runs()).containsExactly(new WeightVersions.Run(4, 3), new WeightVersions.Run(6, 5));
        assertThat(all.versions().at(3)).isEqualTo(3);
        assertThat(all.versions().at(5)).isEqualTo(5);
        assertThat(all.versions().oldest()).isEqualTo(3);
        assertThat(all.choices()).isEqualTo(3);
        assertThat(all.lastChoice()).isEqualTo(6);
        assertThat(all.given(new int[] {9, 9}).lastChoice()).isEqualTo(6);
        assertThat(all.given(new int[] {9}).finish()).isEqualTo(FinishReason.PAUSED);
        assertThat(all.chosen(new int[] {1}, new float[1], 5, FinishReason.LENGTH)
                        .versions()
                        .runs())
                .as("the same weights make the last run longer")
                .hasSize(2);
        Group group = new Group(PROBLEM, 0, 2, List.of(all, Trajectory.ofPrompt(new int[] {7, 8})));
        assertThat(group.prompt()).containsExactly(7, 8);
        assertThat(group.completion(0)).containsExactly(1, 2, 9, 4);
        assertThat(group.tokens()).isEqualTo(6);
        assertThat(group.isPaused()).isTrue();
    }

    @Test
    @DisplayName("facts that contradict each other are refused")
    void contradictions() {
        Trajectory t = withTool();
        assertThatThrownBy(() -> new Trajectory(t.tokens(), new boolean[5], t.logProbs(), t.versions(), t.finish()))
                .hasMessageContaining("6 tokens")
                .hasMessageContaining("5 for 'chosen'");
        assertThatThrownBy(() -> new Trajectory(t.tokens(), new boolean[6], t.logProbs(), t.versions(), t.finish()))
                .hasMessageContaining("token 2 was not chosen")
                .hasMessageContaining("-0.5");
        WeightVersions tooShort = WeightVersions.NONE.until(4, 3);
        assertThatThrownBy(() -> new Trajectory(t.tokens(), t.chosen(), t.logProbs(), tooShort, t.finish()))
                .hasMessageContaining("no weight version covers token 5");
        assertThatThrownBy(() -> Trajectory.ofPrompt(new int[0])).hasMessageContaining("begins with a token");
        assertThatThrownBy(() -> new Group(PROBLEM, 0, 3, List.of(t))).hasMessageContaining("token 2 of the prompt");
        assertThatThrownBy(() -> new Group(PROBLEM, 0, 2, List.of(t, Trajectory.ofPrompt(new int[] {7, 9}))))
                .hasMessageContaining("do not share a prompt of 2 tokens");
        assertThatThrownBy(() -> new Group(PROBLEM, 0, 2, List.of())).hasMessageContaining("at least one sample");
    }

    @Test
    @DisplayName("samples that pause after every token, and go on, are those that never paused")
    void pauses() {
        CausalLM model = TestModels.addition();
        GenerationConfig sampling = GenerationConfig.sampling(7, 1f, 5);
        List<RolloutTask.Request> requests = new ArrayList<>();
        for (Problem problem : new Addition().trainProblems(0, 0, 5)) {
            requests.add(new RolloutTask.Request(problem, 40 + requests.size(), 3));
        }
        Rollouts rollouts = Rollouts.local(model);
        List<Group> whole = rollouts.run(new RolloutTask(requests, sampling, 0));
        List<Group> parts = rollouts.run(new RolloutTask(requests, sampling, 1, 0));
        assertThat(parts).anySatisfy(group -> assertThat(group.isPaused()).isTrue());
        int visits = 1;
        while (parts.stream().anyMatch(Group::isPaused)) {
            parts = rollouts.run(new RolloutTask(
                    parts.stream().map(RolloutTask.Request::continuing).toList(), sampling, 1, visits++));
        }
        assertThat(visits).isGreaterThan(2);
        int versions = 0;
        for (int g = 0; g < whole.size(); g++) {
            for (int s = 0; s < 3; s++) {
                Trajectory expected = whole.get(g).samples().get(s);
                Trajectory got = parts.get(g).samples().get(s);
                assertThat(got.tokens()).isEqualTo(expected.tokens());
                assertThat(got.logProbs()).isEqualTo(expected.logProbs());
                assertThat(got.chosen()).isEqualTo(expected.chosen());
                assertThat(got.finish()).isEqualTo(expected.finish());
                assertThat(got.versions().runs()).hasSize(expected.choices());
                versions = Math.max(versions, got.versions().runs().size());
            }
        }
        assertThat(versions).as("of one trajectory").isGreaterThan(1);
        assertThatThrownBy(rollouts::next).hasMessageContaining("no rollout was asked for");
    }
}
