// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.Jsonl;
import dev.jacobian.rl.config.StaleRollouts;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.task.PromptTask;
import dev.jacobian.rl.task.Task;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.transformer.CausalLM;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where the clock decides, what it decided is written down, and a run that takes it from there has the same bits. */
class FreeModeTest {
    private final int threads = ComputePool.threads();

    @TempDir
    Path folder;

    @AfterEach
    void restoreThreads() {
        ComputePool.setThreads(threads);
    }

    private static RlConfig.Builder config(int staleness, StaleRollouts stale) {
        return RlConfig.builder()
                .maxSteps(8)
                .promptsPerStep(2)
                .numGenerations(4)
                .maxCompletionLength(4)
                .learningRate(1e-3)
                .evalSteps(0)
                .finalEvalProblems(1)
                .saveSteps(3)
                .maxStaleness(staleness)
                .reproducible(false)
                .staleRollouts(stale);
    }

    private static RlTrainer trainer(RlConfig config, Delays delays) {
        Task task = delays.task();
        return new RlTrainer(TestModels.addition(), task, config)
                .rollouts(new LateRollouts(task, delays))
                .observer((step, measured) -> delays.pause());
    }

    private static RlTrainer trainer(RlConfig config, Delays delays, Path run, boolean resume) {
        return trainer(config, delays)
                .output(run, new RunOrigin(TestModels.additionFolder().toString(), "sums", Optional.empty()), resume);
    }

    private static Path schedule(Path run) {
        return run.resolve("schedule.jsonl");
    }

    private static void requireSame(Path replay, Path recorded) throws IOException {
        assertThat(Files.readString(schedule(replay))).isEqualTo(Files.readString(schedule(recorded)));
        assertThat(Files.mismatch(replay.resolve("model.safetensors"), recorded.resolve("model.safetensors")))
                .as("weights")
                .isEqualTo(-1);
        assertThat(Timings.without(replay)).isEqualTo(Timings.without(recorded));
        assertThat(Files.readString(replay.resolve("completions.jsonl")))
                .isEqualTo(Files.readString(recorded.resolve("completions.jsonl")));
    }

    @ParameterizedTest
    @CsvSource({"1, WAIT, 1, 2, 31", "2, WAIT, 2, 1, 32", "3, DROP, 2, 2, 33", "1, DROP, 1, 2, 34", "2, DROP, 2, 1, 35"
    })
    @DisplayName(
            "a replay has the bits of the run that wrote the schedule, whatever is late in either, with any number of"
                    + " threads")
    void replayed(int staleness, StaleRollouts stale, int recording, int replaying, long seed) throws IOException {
        RlConfig config = config(staleness, stale).build();
        Path recorded = folder.resolve("recorded");
        ComputePool.setThreads(recording);
        trainer(config, new Delays(seed, 60), recorded, false).train();
        ComputePool.setThreads(replaying);
        RlConfig again = config.toBuilder().replaySchedule(schedule(recorded)).build();
        Path replay = folder.resolve("replay");
        trainer(again, new Delays(seed + 100, 60), replay, false).train();
        requireSame(replay, recorded);
        assertThat(Json.read(replay.resolve("run.json"))
                        .at("/config/replay_schedule")
                        .asText())
                .isEqualTo(schedule(recorded).toString());
        CausalLM alone = TestModels.addition();
        new RlTrainer(alone, Delays.NONE.task(), again).train(); // without a folder
        assertThat(TestModels.bits(alone)).isEqualTo(TestModels.bits(CausalLM.load(recorded)));
        for (JsonNode line : Jsonl.read(recorded.resolve("metrics.jsonl"))) {
            assertThat(line.path("staleness/max").asDouble()).isLessThanOrEqualTo(staleness);
        }
    }

    @Test
    @DisplayName("a rollout takes the newest weights that are there, not those that its number would give it")
    void newest() {
        RlConfig config = config(3, StaleRollouts.WAIT).maxInflight(1).build();
        List<Double> ages = new ArrayList<>();
        Task task = new PromptTask("sums", List.of("1+1=", "2+2=", "3+3="), RewardFunction.named("slow", completion -> {
            Delays.sleep(20); // so that training waits for every rollout
            return Delays.score(completion.tokenIds());
        }));
        new RlTrainer(TestModels.addition(), task, config)
                .listener(TrainingListener.eachStep(step -> ages.add(step.get("staleness/max"))))
                .train();
        assertThat(ages.subList(4, 9)).as("3 by their numbers").anyMatch(age -> age < 3);
    }

    /** Is very slow once, about one problem; it waits for somebody else, so that it holds up no other call. */
    private static final class SlowOnce implements RewardFunction {
        private final Set<String> asked = ConcurrentHashMap.newKeySet();
        private final int millis;

        SlowOnce(int millis) {
            this.millis = millis;
        }

        @Override
        public Score score(Completion completion) {
            if (completion.prompt().contains("25+7") && asked.add(completion.prompt())) {
                Delays.sleep(millis);
            }
            return Delays.score(completion.tokenIds());
        }

        @Override
        public Running running() {
            return Running.WAITS;
        }
    }

    private static Task slowOnce(int millis) {
        return new PromptTask("sums", List.of("12+30=", "25+7=", "40+41=", "3+99="), new SlowOnce(millis));
    }

    @Test
    @DisplayName("drop is refused where rewards decide what is drawn next, or what a step learns from, with the reason")
    void refused() {
        for (String dependent : List.of("dynamic_sampling=true", "curriculum=prioritized", "buffer=replay")) {
            String[] setting = dependent.split("=", 2);
            RlConfig config = config(1, StaleRollouts.DROP)
                    .set(setting[0], setting[1].equals("true") ? Boolean.TRUE : setting[1])
                    .build();
            assertThatThrownBy(() -> new RlTrainer(TestModels.addition(), slowOnce(0), config))
                    .as(dependent)
                    .hasMessageContaining("depend on rewards of the rollout before");
            new RlTrainer(
                    TestModels.addition(),
                    slowOnce(0),
                    config.toBuilder().staleRollouts(StaleRollouts.WAIT).build());
        }
        RlConfig partial = config(1, StaleRollouts.DROP).rolloutTokenBudget(2).build();
        assertThatThrownBy(() -> new RlTrainer(TestModels.addition(), slowOnce(0), partial))
                .hasMessageContaining("samples go on from one rollout to the next");
        RlTrainer own = new RlTrainer(
                        TestModels.addition(),
                        slowOnce(0),
                        config(1, StaleRollouts.DROP).build())
                .curriculum(new ByResults(slowOnce(0)));
        assertThatThrownBy(own::train).hasMessageContaining("stale_rollouts=drop");
    }

    @Test
    @DisplayName(
            "drop: a rollout that others overtake for too long is thrown away and sampled anew, and a replay does that"
                    + " where nothing is late")
    void dropped() throws IOException {
        RlConfig config = config(1, StaleRollouts.DROP).build();
        RunOrigin origin = new RunOrigin(TestModels.additionFolder().toString(), "sums", Optional.empty());
        Path recorded = folder.resolve("recorded");
        new RlTrainer(TestModels.addition(), slowOnce(10_000), config)
                .output(recorded, origin, false)
                .train();
        assertThat(dropped(recorded)).isPositive();
        List<JsonNode> decisions = Jsonl.read(schedule(recorded));
        assertThat(decisions.stream()
                        .filter(line -> line.path("sample").asInt() == 1)
                        .map(line -> line.path("weights").asInt()))
                .as("the first rollout, which waited, with newer weights")
                .hasSizeGreaterThan(1)
                .startsWith(0);
        Path replay = folder.resolve("replay");
        new RlTrainer(
                        TestModels.addition(),
                        slowOnce(0),
                        config.toBuilder().replaySchedule(schedule(recorded)).build())
                .output(replay, origin, false)
                .train();
        requireSame(replay, recorded);
    }

    private static double dropped(Path run) {
        return Jsonl.read(run.resolve("metrics.jsonl")).stream()
                .flatMapToDouble(
                        line -> DoubleStream.of(line.path("staleness/dropped").asDouble()))
                .sum();
    }

    @ParameterizedTest
    @CsvSource({"1, WAIT, 5", "2, DROP, 4", "2, DROP, 7"})
    @DisplayName("stopped between two steps and resumed, a run goes on with its schedule, which replays, stopped and"
            + " resumed too")
    void stopped(int staleness, StaleRollouts stale, int stop) throws IOException {
        RlConfig config = config(staleness, stale).build();
        Path recorded = folder.resolve("recorded");
        interrupted(config, 41, recorded, stop);
        List<String> begun = Files.readAllLines(schedule(recorded));
        trainer(config, new Delays(42, 60), recorded, true).train();
        int mark = begun.lastIndexOf("{\"saved\":" + stop / 3 * 3 + "}");
        assertThat(Files.readAllLines(schedule(recorded)).subList(0, mark + 1)).isEqualTo(begun.subList(0, mark + 1));
        RlConfig again = config.toBuilder().replaySchedule(schedule(recorded)).build();
        Path replay = folder.resolve("replay");
        interrupted(again, 43, replay, stop);
        trainer(again, new Delays(44, 60), replay, true).train();
        requireSame(replay, recorded);
    }

    private static void interrupted(RlConfig config, long seed, Path run, int stop) {
        RlTrainer begun = trainer(config, new Delays(seed, 60), run, false)
                .listener(TrainingListener.eachStep(metrics -> {
                    if (metrics.step() == stop) {
                        throw new IllegalStateException("stopped");
                    }
                }));
        assertThatThrownBy(begun::train).hasMessage("stopped");
    }

    /** Trains in a process of its own; {@code args}: folder, schedule or nothing, resume. */
    static final class Run {
        private Run() {}

        public static void main(String[] args) {
            RlConfig config = config(2, StaleRollouts.DROP).saveSteps(1).build();
            if (!args[1].isEmpty()) {
                config = config.toBuilder().replaySchedule(Path.of(args[1])).build();
            }
            trainer(config, new Delays(51, 40), Path.of(args[0]), Boolean.parseBoolean(args[2]))
                    .train();
        }
    }

    @Test
    @DisplayName("killed at random instants and resumed, a run leaves a schedule that gives its bits again, also to a"
            + " replay that is killed")
    void killed() throws Exception {
        Random moments = new Random(61);
        Path recorded = folder.resolve("recorded");
        killedAndResumed(recorded, "", moments);
        Path replay = folder.resolve("replay");
        killedAndResumed(replay, schedule(recorded).toString(), moments);
        requireSame(replay, recorded);
    }

    private void killedAndResumed(Path run, String schedule, Random moments) throws Exception {
        for (int kill = 0; kill < (Boolean.getBoolean("jacobian.tests.nightly") ? 8 : 1); kill++) {
            Process process = start(run, schedule);
            int begun = RunProcess.lines(run);
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
            while (process.isAlive() && RunProcess.lines(run) <= begun + 1 && System.nanoTime() < deadline) {
                Thread.sleep(5);
            }
            Thread.sleep(moments.nextInt(100));
            process.destroyForcibly();
            process.waitFor();
        }
        Process rest = start(run, schedule);
        assertThat(rest.waitFor(180, TimeUnit.SECONDS)).isTrue();
        assertThat(rest.exitValue()).as(Files.readString(folder.resolve("log"))).isZero();
    }

    private Process start(Path run, String schedule) throws IOException {
        return RunProcess.start(Run.class, folder.resolve("log"), run, schedule, Files.exists(run.resolve("run.json")));
    }
}
