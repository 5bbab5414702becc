// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Jsonl;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.LrScheduler;
import dev.jacobian.rl.method.Method;
import dev.jacobian.rl.method.Methods;
import dev.jacobian.rl.method.Omd;
import dev.jacobian.rl.method.Opo;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.task.Addition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A run can be killed at any instant and resumed to the same bits. */
class ResumeTest {
    private static final List<String> TIMINGS = List.of("step_time", "sampling_time", "switch_time", "tokens_per_s");
    private static final RunOrigin ORIGIN = new RunOrigin("addition", "addition", Optional.empty());

    /** GRPO whose samples wait from one rollout to the next. */
    private static final String WAITING = "grpo, waiting";

    /** OPO with norms that are measured. */
    private static final String EXACT = "opo, exact";

    @TempDir
    Path folder;

    /** Trains in a process of its own; {@code args}: folder, algorithm, resume. */
    static final class Run {
        private Run() {}

        public static void main(String[] args) {
            train(Path.of(args[0]), args[1], Boolean.parseBoolean(args[2]));
        }
    }

    static RlConfig config(String algorithm) {
        RlConfig.Builder builder = RlConfig.builder();
        if (algorithm.equals(WAITING)) {
            builder.rolloutTokenBudget(1).inflightGroups(12);
        }
        return builder.method(method(algorithm))
                .maxSteps(8)
                .promptsPerStep(4)
                .numGenerations(4)
                .maxCompletionLength(4)
                .learningRate(1e-3)
                .lrSchedulerType(LrScheduler.COSINE)
                .warmupSteps(2)
                .evalSteps(3)
                .evalProblems(20)
                .finalEvalProblems(30)
                .saveSteps(1)
                .build();
    }

    private static Method method(String name) {
        return switch (name) {
            case "omd" -> Omd.DEFAULT.with("updates_per_rollout", 2);
            case "ppo" ->
                PpoTest.ppo("num_ppo_epochs", 2, "num_mini_batches", 2, "kl_target", 0.01, "kl_horizon", 100.0);
            case WAITING -> Methods.named("grpo");
            case EXACT -> ConfigTree.with(Opo.DEFAULT, "baseline", Opo.Baseline.EXACT);
            default -> Methods.named(name);
        };
    }

    static RlResult train(Path folder, String algorithm, boolean resume) {
        return new RlTrainer(TestModels.addition(), new Addition(), config(algorithm))
                .output(folder, ORIGIN, resume)
                .train();
    }

    @Test
    @DisplayName("killed at random moments, GRPO ends with the weights and metrics of the uninterrupted run")
    void killedGrpo() throws Exception {
        killed("grpo", 7);
    }

    @Test
    @DisplayName("the same for online mirror descent with its optimizer resets")
    void killedOmd() throws Exception {
        killed("omd", 11);
    }

    @Test
    @DisplayName("the same for PPO with its value model, that one's optimizer and an adaptive KL penalty")
    void killedPpo() throws Exception {
        killed("ppo", 13);
    }

    @Test
    @DisplayName("the same with samples that wait from one rollout to the next")
    void killedWaiting() throws Exception {
        killed(WAITING, 17);
    }

    static List<String> methods() {
        return Stream.concat(Methods.all().stream().map(Method::name), Stream.of(EXACT, WAITING))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("methods")
    @DisplayName(
            "every method goes on from its last checkpoint to the bits of a run that was never stopped, on policy all"
                    + " the time")
    void everyMethod(String algorithm) throws IOException {
        RlConfig config = config(algorithm).toBuilder()
                .maxSteps(4)
                .evalSteps(0)
                .finalEvalProblems(5)
                .saveSteps(2)
                .build();
        Path whole = folder.resolve("whole");
        RlResult result = new RlTrainer(TestModels.addition(), new Addition(), config)
                .output(whole, ORIGIN, false)
                .train();
        assertThat(result.samplingLogpDifferenceMax()).isZero();
        Path stopped = folder.resolve("stopped");
        RlTrainer begun = new RlTrainer(TestModels.addition(), new Addition(), config)
                .listener(TrainingListener.eachStep(metrics -> {
                    if (metrics.step() == 3) {
                        throw new IllegalStateException("stopped");
                    }
                }))
                .output(stopped, ORIGIN, false);
        assertThatThrownBy(begun::train).hasMessage("stopped");
        new RlTrainer(TestModels.addition(), new Addition(), config)
                .output(stopped, ORIGIN, true)
                .train();
        assertThat(Files.mismatch(stopped.resolve("model.safetensors"), whole.resolve("model.safetensors")))
                .isEqualTo(-1);
        assertThat(metrics(stopped)).isEqualTo(metrics(whole));
    }

    private void killed(String algorithm, long seed) throws Exception {
        Path whole = folder.resolve("whole");
        RlResult expected = train(whole, algorithm, false);
        Path broken = folder.resolve("broken");
        java.util.Random moments = new java.util.Random(seed);
        int kills = 0;
        for (int attempt = 0; attempt < 40; attempt++) {
            Process process = start(broken, algorithm, Files.exists(broken.resolve("run.json")));
            // wait for the run to get somewhere new; then kill it at a random moment, or in the middle of a checkpoint
            int begun = RunProcess.lines(broken);
            boolean inCheckpoint = kills % 2 == 1;
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (process.isAlive()
                    && (RunProcess.lines(broken) <= begun || inCheckpoint && !RunProcess.isWritingCheckpoint(broken))
                    && System.nanoTime() < deadline) {
                Thread.onSpinWait();
            }
            if (kills < 4) {
                if (!inCheckpoint) {
                    Thread.sleep(moments.nextInt(60));
                }
                process.destroyForcibly();
                process.waitFor();
                kills++;
                continue;
            }
            assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue())
                    .as(Files.readString(folder.resolve("log")))
                    .isZero();
            break;
        }
        assertThat(kills).isEqualTo(4);
        assertThat(Files.mismatch(broken.resolve("model.safetensors"), whole.resolve("model.safetensors")))
                .as("weights")
                .isEqualTo(-1);
        assertThat(metrics(broken)).isEqualTo(metrics(whole));
        assertThat(Files.readString(broken.resolve("completions.jsonl")))
                .isEqualTo(Files.readString(whole.resolve("completions.jsonl")));
        assertThat(expected.samplingLogpDifferenceMax()).isEqualTo(0.0);
    }

    private Process start(Path target, String algorithm, boolean resume) throws IOException {
        return RunProcess.start(Run.class, folder.resolve("log"), target, algorithm, resume);
    }

    private static List<JsonNode> metrics(Path run) {
        List<JsonNode> metrics = new ArrayList<>();
        for (JsonNode line : Jsonl.read(run.resolve("metrics.jsonl"))) {
            metrics.add(((ObjectNode) line).remove(TIMINGS));
        }
        return metrics;
    }

    @Test
    @DisplayName("a folder with a run is not overwritten, one without is not resumed, other settings are refused")
    void misuse() {
        Path run = folder.resolve("run");
        assertThatThrownBy(() -> train(run, "grpo", true)).hasMessageContaining("no run to resume");
        train(run, "grpo", false);
        assertThatThrownBy(() -> train(run, "grpo", false)).hasMessageContaining("already holds a run");
        assertThatThrownBy(() -> train(run, "omd", true)).hasMessageContaining("another algorithm");
        assertThatThrownBy(() -> new RlTrainer(
                                TestModels.addition(),
                                new Addition(),
                                config("grpo").toBuilder().learningRate(0.5).build())
                        .output(run, ORIGIN, true))
                .hasMessageContaining("learning_rate was 0.001, now 0.5");
    }
}
