// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.rollout.Buffer;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.store.GroupStore;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.task.PromptTask;
import dev.jacobian.rl.task.Task;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A run that samples ahead, with a full buffer and a curriculum that looks at results, can be killed at any instant. */
class ResumeAheadTest {
    @TempDir
    Path folder;

    /** Trains in a process of its own; {@code args}: folder, staleness, resume. */
    static final class Run {
        private Run() {}

        public static void main(String[] args) {
            trainer(Path.of(args[0]), Integer.parseInt(args[1]), Boolean.parseBoolean(args[2]))
                    .train();
        }
    }

    private static RlTrainer trainer(Path folder, int staleness, boolean resume) {
        RlConfig config = RlConfig.builder()
                .maxSteps(8)
                .promptsPerStep(3)
                .numGenerations(4)
                .maxCompletionLength(4)
                .learningRate(1e-3)
                .evalSteps(0)
                .finalEvalProblems(1)
                .saveSteps(1)
                .rewardErrorBudget(100)
                .maxStaleness(staleness)
                .build();
        Task task = new PromptTask(
                "sums",
                Stream.of("12+30=", "25+7=", "40+41=", "3+99=", "58+16=", "71+13=", "6+6=", "83+90=")
                        .toList(),
                RewardFunction.named("digits", completion -> {
                    int sum = 0;
                    for (int token : completion.tokenIds()) {
                        sum = 31 * sum + token;
                    }
                    return sum % 11 == 0 ? Score.failure("a sum of 11s") : Score.of(Math.floorMod(sum, 4) / 3.0);
                }));
        return new RlTrainer(TestModels.addition(), task, config)
                .curriculum(new ByResults(task))
                .buffer(new Late())
                .output(folder, new RunOrigin("addition", "sums", Optional.empty()), resume);
    }

    /** Gives what came first of all that it has, and keeps the rest for later steps. */
    private static final class Late implements Buffer {
        private final List<ScoredGroup> groups = new ArrayList<>();

        @Override
        public void add(ScoredGroup group) {
            groups.add(group);
        }

        @Override
        public List<ScoredGroup> draw(int count, long version) {
            if (groups.size() < count + 2) {
                return List.of();
            }
            List<ScoredGroup> drawn = List.copyOf(groups.subList(0, count));
            groups.subList(0, count - 1).clear(); // one is learned from again
            return drawn;
        }

        @Override
        public void save(Path checkpoint, ObjectNode state) {
            GroupStore.write(checkpoint.resolve("late.groups"), groups);
        }

        @Override
        public void restore(Path checkpoint, JsonNode state) {
            groups.clear();
            groups.addAll(GroupStore.read(checkpoint.resolve("late.groups")));
        }
    }

    private void requireSame(Path run, Path whole) throws IOException {
        assertThat(Files.mismatch(run.resolve("model.safetensors"), whole.resolve("model.safetensors")))
                .as("weights")
                .isEqualTo(-1);
        assertThat(Timings.without(run)).isEqualTo(Timings.without(whole));
        assertThat(Files.readString(run.resolve("completions.jsonl")))
                .isEqualTo(Files.readString(whole.resolve("completions.jsonl")));
        assertThat(Files.readString(run.resolve("reward_failures.jsonl")))
                .isEqualTo(Files.readString(whole.resolve("reward_failures.jsonl")));
    }

    @ParameterizedTest
    @CsvSource({"0, 4", "1, 3", "2, 5", "3, 7"})
    @DisplayName("stopped between two steps it goes on to the bits of a run that was never stopped")
    void stopped(int staleness, int stop) throws IOException {
        Path whole = folder.resolve("whole");
        trainer(whole, staleness, false).train();
        Path stopped = folder.resolve("stopped");
        RlTrainer begun = trainer(stopped, staleness, false).listener(TrainingListener.eachStep(metrics -> {
            if (metrics.step() == stop) {
                throw new IllegalStateException("stopped");
            }
        }));
        assertThatThrownBy(begun::train).hasMessage("stopped");
        trainer(stopped, staleness, true).train();
        requireSame(stopped, whole);
    }

    @ParameterizedTest
    @CsvSource({"0, 23", "2, 29"})
    @DisplayName("killed at random instants it ends with the weights, metrics and failures of the undisturbed run")
    void killed(int staleness, long seed) throws Exception {
        boolean nightly = Boolean.getBoolean("jacobian.tests.nightly"); // 40 kills in all
        Path whole = folder.resolve("whole");
        trainer(whole, staleness, false).train();
        Random moments = new Random(seed);
        for (int round = 0; round < (nightly ? 5 : 1); round++) {
            Path broken = folder.resolve("broken-" + round);
            for (int kill = 0; kill < (nightly ? 4 : 2); kill++) {
                kill(start(broken, staleness), broken, kill % 2 == 1, moments);
            }
            Process rest = start(broken, staleness);
            assertThat(rest.waitFor(180, TimeUnit.SECONDS)).isTrue();
            assertThat(rest.exitValue())
                    .as(Files.readString(folder.resolve("log")))
                    .isZero();
            requireSame(broken, whole);
        }
    }

    /** Waits until the run gets somewhere new; then kills it at a random moment, or in the middle of a checkpoint. */
    private static void kill(Process process, Path run, boolean inCheckpoint, Random moments) throws Exception {
        int begun = RunProcess.lines(run);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
        while (process.isAlive()
                && (RunProcess.lines(run) <= begun || inCheckpoint && !RunProcess.isWritingCheckpoint(run))
                && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        if (!inCheckpoint) {
            Thread.sleep(moments.nextInt(60));
        }
        process.destroyForcibly();
        process.waitFor();
    }

    private Process start(Path target, int staleness) throws IOException {
        return RunProcess.start(
                Run.class, folder.resolve("log"), target, staleness, Files.exists(target.resolve("run.json")));
    }

    @Test
    @DisplayName("a checkpoint whose batches are broken, or not those that the run makes ahead, is one clear error")
    void broken() throws IOException {
        Path run = folder.resolve("run");
        RlTrainer begun = trainer(run, 2, false).listener(TrainingListener.eachStep(metrics -> {
            if (metrics.step() == 3) {
                throw new IllegalStateException("stopped");
            }
        }));
        assertThatThrownBy(begun::train).hasMessage("stopped");
        Path checkpoint = run.resolve("checkpoint-2");
        Path groups = checkpoint.resolve("batches_ahead.groups");
        byte[] whole = Files.readAllBytes(groups);
        byte[] flipped = whole.clone();
        flipped[whole.length / 2] ^= 1;
        Files.write(groups, flipped);
        assertThatThrownBy(() -> trainer(run, 2, true))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("batches_ahead.groups");
        Files.write(groups, whole);
        Path file = checkpoint.resolve("trainer_state.json");
        ObjectNode state = (ObjectNode) Json.read(file);
        ((ObjectNode) state.path("batches_ahead").path(0)).put("number", 7);
        Json.write(file, state);
        assertThatThrownBy(() -> trainer(run, 2, true))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("the batches made ahead are [7, 4], not the 2 from 3 on");
    }
}
