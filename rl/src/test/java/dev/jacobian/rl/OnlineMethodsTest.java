// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.method.Method;
import dev.jacobian.rl.method.Methods;
import dev.jacobian.rl.method.NashMd;
import dev.jacobian.rl.method.Opo;
import dev.jacobian.rl.method.Preferring;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.task.PromptTask;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every online method holds that has a name: it learns, on the very numbers that sampled, and goes on after a break as if there had been none. */
class OnlineMethodsTest {
    private static final RunOrigin ORIGIN = new RunOrigin("arith", "sums", Optional.empty());

    /** Rewards of 0 and 1 that differ within most groups. */
    private static final Task TASK = new PromptTask(
            "sums", List.of("12+30=", "25+7=", "40+41=", "3+99="), RewardFunction.named("digits", completion -> {
                int sum = 0;
                for (int token : completion.tokenIds()) {
                    sum = 31 * sum + token;
                }
                return Score.of(Math.floorMod(sum, 2));
            }));

    @TempDir
    Path folder;

    static List<Method> methods() {
        List<Method> all = new ArrayList<>(Methods.all());
        all.add(ConfigTree.with(Opo.DEFAULT, "baseline", Opo.Baseline.EXACT)); // with passes beside those of learning
        all.add(ConfigTree.with(NashMd.DEFAULT, "preference", Preferring.SOFT));
        return all;
    }

    private static RlConfig config(Method method) {
        RlConfig.Builder config = RlConfig.builder()
                .method(method)
                .maxSteps(3)
                .promptsPerStep(4)
                .numGenerations(4)
                .maxCompletionLength(4)
                .temperature(1.3)
                .learningRate(1e-3)
                .evalSteps(0)
                .finalEvalProblems(2)
                .saveSteps(1);
        if (ConfigTree.names((Record) method).contains("updates_per_rollout")) {
            config.set("updates_per_rollout", 2);
        }
        return config.build();
    }

    @ParameterizedTest
    @MethodSource("methods")
    @DisplayName(
            "samples have the trainer's own log-probabilities, bit for bit, and an interrupted run ends with the same"
                    + " bits")
    void learnsAndResumes(Method method) {
        RlConfig config = config(method);
        CausalLM whole = TestModels.addition();
        RlResult result = new RlTrainer(whole, TASK, config)
                .output(folder.resolve("whole"), ORIGIN, false)
                .train();
        assertThat(result.samplingLogpDifferenceMax()).isZero();
        assertThat(TestModels.bits(whole)).isNotEqualTo(TestModels.bits(TestModels.addition()));

        CausalLM broken = TestModels.addition();
        assertThatThrownBy(() -> new RlTrainer(broken, TASK, config)
                        .output(folder.resolve("broken"), ORIGIN, false)
                        .listener(TrainingListener.eachStep(step -> {
                            if (step.step() == 2) {
                                throw new IllegalStateException("the power went out");
                            }
                        }))
                        .train())
                .hasMessageContaining("the power went out");
        CausalLM resumed = TestModels.addition();
        new RlTrainer(resumed, TASK, config)
                .output(folder.resolve("broken"), ORIGIN, true)
                .train();
        assertThat(TestModels.bits(resumed)).isEqualTo(TestModels.bits(whole));
    }
}
