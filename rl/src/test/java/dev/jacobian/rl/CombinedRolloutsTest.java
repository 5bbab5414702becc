// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.rl.config.BufferConfig;
import dev.jacobian.rl.config.CurriculumConfig;
import dev.jacobian.rl.config.LearnedSegments;
import dev.jacobian.rl.environment.Environment;
import dev.jacobian.rl.environment.Reply;
import dev.jacobian.rl.environment.Session;
import dev.jacobian.rl.environment.Start;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.rl.task.EnvironmentTask;
import dev.jacobian.rl.task.Task;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.transformer.CausalLM;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** All that decides about rollouts at once: stopped and resumed, with 1 thread and with 2, a run has the bits of one that nothing disturbed. */
class CombinedRolloutsTest {
    private static final RunOrigin ORIGIN = new RunOrigin("addition", "addition", Optional.empty());

    private final int threads = ComputePool.threads();

    @TempDir
    Path folder;

    @AfterEach
    void asBefore() {
        ComputePool.setThreads(threads);
    }

    private static RlConfig config(int staleness, boolean replays, boolean waits, String curriculum) {
        RlConfig.Builder config = RlConfig.builder()
                .maxSteps(6)
                .promptsPerStep(4)
                .numGenerations(4)
                .maxCompletionLength(6)
                .temperature(1.5)
                .learningRate(3e-3)
                .evalSteps(0)
                .finalEvalProblems(3)
                .saveSteps(1)
                .dynamicSampling(true)
                .curriculum(CurriculumConfig.Kind.valueOf(curriculum))
                .maxStaleness(staleness);
        if (!curriculum.equals("IN_ORDER")) {
            config.curriculumPool(24);
        }
        if (curriculum.equals("UNIFORM_THEN_HARD")) {
            config.curriculumThreshold(0.5).curriculumSteps(2);
        }
        if (waits) {
            config.rolloutTokenBudget(1)
                    .inflightGroups(20)
                    .maxRolloutIterations(4)
                    .learnFromSegments(LearnedSegments.RECENT)
                    .maxSegmentAge(2);
        }
        if (replays) {
            config.buffer(BufferConfig.Kind.REPLAY).bufferFresh(0.3).bufferMaxAge(5);
        }
        return config.build();
    }

    /** Says something back once, where the policy talks with something. */
    private record Echo() implements Environment {
        @Override
        public String name() {
            return "echo";
        }

        @Override
        public List<String> stops() {
            return List.of("1", "2", "3");
        }

        @Override
        public Session reset(Start start) {
            return said -> said.number() == 2 || said.isEnded()
                    ? Reply.done(said.text().length() / 4.0)
                    : Reply.of("+1=", said.number() / 8.0);
        }

        @Override
        public boolean isRepeatable() {
            return true;
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0, true, true, PRIORITIZED, false, 2",
        "2, true, true, UNIFORM_THEN_HARD, false, 4",
        "1, false, true, INVERSE_SUCCESS, true, 3",
        "2, true, false, UNIFORM, true, 1",
        "0, true, true, IN_ORDER, true, 5"
    })
    @DisplayName("staleness, replay, budget, curriculum and environment together, with dynamic sampling")
    void together(int staleness, boolean replays, boolean waits, String curriculum, boolean plays, int stop)
            throws IOException {
        RlConfig config = config(staleness, replays, waits, curriculum);
        Task task = plays ? EnvironmentTask.rewarding(new Addition(), new Echo()) : new Addition();
        ComputePool.setThreads(1);
        Path whole = folder.resolve("whole");
        CausalLM undisturbed = TestModels.addition();
        new RlTrainer(undisturbed, task, config).output(whole, ORIGIN, false).train();

        ComputePool.setThreads(2);
        Path broken = folder.resolve("broken");
        RlTrainer begun = new RlTrainer(TestModels.addition(), task, config)
                .output(broken, ORIGIN, false)
                .listener(TrainingListener.eachStep(metrics -> {
                    if (metrics.step() == stop) {
                        throw new IllegalStateException("stopped");
                    }
                }));
        assertThatThrownBy(begun::train).hasMessage("stopped");
        CausalLM resumed = TestModels.addition();
        new RlTrainer(resumed, task, config).output(broken, ORIGIN, true).train();
        assertThat(TestModels.bits(resumed)).isEqualTo(TestModels.bits(undisturbed));
        assertThat(Timings.without(broken)).isEqualTo(Timings.without(whole));
        assertThat(Files.readString(broken.resolve("completions.jsonl")))
                .isEqualTo(Files.readString(whole.resolve("completions.jsonl")));
    }
}
