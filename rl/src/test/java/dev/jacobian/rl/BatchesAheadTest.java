// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.Json;
import dev.jacobian.rl.config.CurriculumConfig;
import dev.jacobian.rl.method.Dapo;
import dev.jacobian.rl.method.Grpo;
import dev.jacobian.rl.method.Method;
import dev.jacobian.rl.method.Methods;
import dev.jacobian.rl.method.Opo;
import dev.jacobian.rl.observe.StepMetrics;
import dev.jacobian.rl.observe.StepObserver;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.rollout.Curriculum;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.RolloutListener;
import dev.jacobian.rl.rollout.RolloutTask;
import dev.jacobian.rl.rollout.Rollouts;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.rl.task.PromptTask;
import dev.jacobian.rl.task.Task;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.MemoryPlan;
import dev.jacobian.transformer.lora.AdapterSource;
import dev.jacobian.transformer.lora.LoraConfigReader;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which weights sample what follows from seed and settings, whatever is late. */
class BatchesAheadTest {
    private final int threads = ComputePool.threads();

    @AfterEach
    void restoreThreads() {
        ComputePool.setThreads(threads);
    }

    private static RlConfig.Builder config(int staleness) {
        return RlConfig.builder()
                .maxSteps(6)
                .promptsPerStep(2)
                .numGenerations(4)
                .maxCompletionLength(4)
                .learningRate(1e-3)
                .evalSteps(3)
                .evalProblems(1)
                .finalEvalProblems(1)
                .maxStaleness(staleness);
    }

    /** What asynchrony is to compute, said without it: strictly alternating, each task is sampled with weights that are that old. */
    private static final class OldWeights implements Rollouts {
        private final int updates;
        private final NavigableMap<Long, CausalLM> copies = new TreeMap<>();
        private final Queue<RolloutTask> tasks = new ArrayDeque<>();

        OldWeights(int staleness, int updatesPerRollout) {
            this.updates = staleness * updatesPerRollout;
        }

        @Override
        public void publish(CausalLM policy, long version) {
            copies.put(version, policy.copy());
        }

        @Override
        public void ask(RolloutTask task) {
            tasks.add(task);
        }

        @Override
        public List<Group> next() {
            RolloutTask task = tasks.remove();
            long version = Math.max(0, task.weightVersion() - updates);
            return Rollouts.local(copies.get(version))
                    .run(new RolloutTask(task.requests(), task.generation(), version));
        }
    }

    private static List<Integer> trained(RlConfig config, Delays delays, Curriculum curriculum) {
        CausalLM model = TestModels.addition();
        Task task = delays.task();
        RlTrainer trainer = new RlTrainer(model, task, config)
                .rollouts(new LateRollouts(task, delays))
                .observer((step, measured) -> delays.pause());
        if (curriculum != null) {
            trainer.curriculum(curriculum);
        }
        trainer.train();
        return TestModels.bits(model);
    }

    @ParameterizedTest
    @CsvSource({"1, grpo", "2, grpo", "3, grpo", "1, omd", "2, ppo", "1, remax", "1, nash_md", "1, dapo"})
    @DisplayName("batch b is sampled with the weights after rollout max(0, b - 1 - S), and nothing else changes")
    void sameAsOldWeights(int staleness, String algorithm) {
        Method method = Methods.named(algorithm);
        if (algorithm.equals("omd")) {
            method = method.with("updates_per_rollout", 2);
        } else if (algorithm.equals("remax")) {
            method = method.with("strict_on_policy", false);
        }
        RlConfig ahead = config(staleness).method(method).build();
        CausalLM expected = TestModels.addition();
        new RlTrainer(
                        expected,
                        Delays.NONE.task(),
                        ahead.toBuilder().maxStaleness(0).build())
                .rollouts(new OldWeights(staleness, ahead.plan().updates()))
                .train();
        CausalLM model = TestModels.addition();
        new RlTrainer(model, Delays.NONE.task(), ahead).train();
        assertThat(TestModels.bits(model)).isEqualTo(TestModels.bits(expected));
    }

    @Test
    @DisplayName("with an adapter too: who samples ahead has one of its own, and shares the rest")
    void adapter() {
        String lora = "{\"r\": 4, \"lora_alpha\": 8, \"target_modules\": \"all-linear\"}";
        AdapterSource fresh = new AdapterSource.Fresh(LoraConfigReader.parse(Json.parse(lora, "test"), "test"), 5);
        RlConfig ahead = config(1).learningRate(1e-2).build();
        CausalLM expected = TestModels.addition().withAdapter(fresh, WeightFormat.BF16);
        new RlTrainer(
                        expected,
                        Delays.NONE.task(),
                        ahead.toBuilder().maxStaleness(0).build())
                .rollouts(new OldWeights(1, 1))
                .train();
        CausalLM model = TestModels.addition().withAdapter(fresh, WeightFormat.BF16);
        new RlTrainer(model, Delays.NONE.task(), ahead).train();
        assertThat(TestModels.bits(model)).isEqualTo(TestModels.bits(expected));
        assertThat(TestModels.bits(model))
                .as("something was learned")
                .isNotEqualTo(TestModels.bits(TestModels.addition().withAdapter(fresh, WeightFormat.BF16)));
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 17", "1, 2, 18", "2, 2, 19", "2, 1, 20", "4, 2, 21"})
    @DisplayName("delays in sampling, rewards and training, and the number of threads, change no bit")
    void delays(int staleness, int computing, long seed) {
        List<Integer> expected = trained(config(staleness).build(), Delays.NONE, null);
        ComputePool.setThreads(computing);
        assertThat(trained(config(staleness).build(), new Delays(seed, 30), null))
                .as("delays of seed %d", seed)
                .isEqualTo(expected);
        assertThat(trained(config(staleness).maxInflight(1).build(), new Delays(seed + 100, 30), null))
                .as("one rollout at a time")
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"UNIFORM", "PRIORITIZED"})
    @DisplayName("a curriculum by name, whether it foresees or not: delays change neither a bit nor a metric")
    void curriculaByName(String kind) {
        RlConfig ahead =
                config(2).curriculum(CurriculumConfig.Kind.valueOf(kind)).build();
        List<Map<String, Double>> measured = new ArrayList<>();
        List<List<Integer>> bits = new ArrayList<>();
        for (Delays delays : List.of(Delays.NONE, new Delays(22, 30))) {
            CausalLM model = TestModels.addition();
            Task task = delays.task();
            Map<String, Double> all = new TreeMap<>();
            new RlTrainer(model, task, ahead)
                    .rollouts(new LateRollouts(task, delays))
                    .observer((step, measures) -> measures.values().forEach((name, value) -> {
                        if (name.startsWith("curriculum/")) {
                            all.put(step.number() + " " + name, value);
                        }
                    }))
                    .train();
            measured.add(all);
            bits.add(TestModels.bits(model));
        }
        assertThat(measured.get(0)).containsKeys("1 curriculum/difficulty", "6 curriculum/seen");
        assertThat(measured.get(1)).isEqualTo(measured.get(0));
        assertThat(bits.get(1)).isEqualTo(bits.get(0));
    }

    @Test
    @DisplayName("rewards are asked as samples finish, while others of the rollout are still drawn")
    void rewardsAsSamplesFinish() {
        AtomicInteger calls = new AtomicInteger();
        List<Integer> before = new ArrayList<>();
        Task task = new PromptTask(
                "sums", List.of("12+30=", "25+7=", "40+41="), RewardFunction.named("counted", completion -> {
                    calls.incrementAndGet();
                    return Score.of(completion.tokenIds().length);
                }));
        Rollouts rollouts = new LateRollouts(task, Delays.NONE) {
            @Override
            public List<Group> next(RolloutListener listener) {
                int begun = calls.get();
                List<Group> groups = super.next(listener);
                for (int i = 0;
                        i < 1000 && calls.get() < begun + 8;
                        i++) { // its eight samples, before the rollout is answered
                    Delays.sleep(10);
                }
                before.add(calls.get() - begun);
                return groups;
            }
        };
        new RlTrainer(
                        TestModels.addition(),
                        task,
                        config(1).evalSteps(0).maxInflight(1).build())
                .rollouts(rollouts)
                .train();
        assertThat(before).hasSize(6).containsOnly(8);
    }

    @Test
    @DisplayName("a curriculum that looks at results, and keeps groups back, sees them in the order of batches")
    void curriculum() {
        List<Integer> expected = trained(config(2).build(), Delays.NONE, new ByResults(Delays.NONE.task()));
        assertThat(trained(config(2).build(), new Delays(5, 30), new ByResults(Delays.NONE.task())))
                .isEqualTo(expected);
    }

    @Test
    @DisplayName("tokens carry the version that chose them")
    void versions() {
        List<Long> versions = new ArrayList<>();
        StepObserver watch = (step, measured) -> {
            for (ScoredGroup group : step.sampled()) {
                for (Trajectory sample : group.group().samples()) {
                    assertThat(sample.versions().runs()).hasSize(1);
                }
            }
            versions.add(step.sampled()
                    .getFirst()
                    .group()
                    .samples()
                    .getFirst()
                    .versions()
                    .oldest());
        };
        new RlTrainer(TestModels.addition(), Delays.NONE.task(), config(2).build())
                .observer(watch)
                .train();
        assertThat(versions).containsExactly(0L, 0L, 0L, 1L, 2L, 3L);
    }

    @Test
    @DisplayName("a run says how old its samples are, how long it waits, and what its method makes of older samples")
    void seen() {
        List<StepMetrics> steps = new ArrayList<>();
        List<String> said = new ArrayList<>();
        TrainingListener listener = new TrainingListener() {
            @Override
            public void onStep(StepMetrics metrics) {
                steps.add(metrics);
            }

            @Override
            public void onMessage(String message) {
                said.add(message);
            }
        };
        for (Method method : List.of(Grpo.DEFAULT, Methods.named("gpg").with("strict_on_policy", false))) {
            new RlTrainer(
                            TestModels.addition(),
                            Delays.NONE.task(),
                            config(2).method(method).build())
                    .listener(listener)
                    .train();
        }
        assertThat(steps.stream().filter(step -> step.step() > 0).limit(6).map(step -> step.get("staleness/max")))
                .containsExactly(0.0, 1.0, 2.0, 2.0, 2.0, 2.0);
        assertThat(steps.getLast().get("staleness/mean")).isEqualTo(2.0);
        assertThat(steps.getLast().values()).containsKeys("rollout/wait_seconds", "rollout/reward_seconds");
        assertThat(said)
                .anyMatch(line -> line.contains("grpo reckons with that"))
                .anyMatch(line -> line.contains("gpg has no ratio"));
    }

    @Test
    @DisplayName("the memory plan has the model that samples, the versions that wait for it, and both at work at once")
    void memory() {
        MemoryPlan inTurn = new RlTrainer(
                        TestModels.addition(), Delays.NONE.task(), config(0).build())
                .memoryPlan();
        MemoryPlan ahead = new RlTrainer(
                        TestModels.addition(), Delays.NONE.task(), config(2).build())
                .memoryPlan();
        long weights = ahead.bytes(MemoryPlan.Part.WEIGHTS);
        assertThat(inTurn.bytes(MemoryPlan.Part.AHEAD)).isZero();
        assertThat(ahead.bytes(MemoryPlan.Part.AHEAD)).isEqualTo(3 * weights + ahead.bytes(MemoryPlan.Part.PACKED));
        assertThat(ahead.bytes(MemoryPlan.Part.ACTIVATIONS)).isGreaterThan(inTurn.bytes(MemoryPlan.Part.ACTIVATIONS));
    }

    @Test
    @DisplayName("what fails ahead ends the run with its own message")
    void failure() {
        AtomicInteger calls = new AtomicInteger();
        Task task =
                new PromptTask("sums", List.of("1+1=", "2+2=", "3+3="), RewardFunction.named("moody", completion -> {
                    if (calls.incrementAndGet() > 20) {
                        throw new IllegalStateException("not this one");
                    }
                    return Score.of(completion.tokenIds().length);
                }));
        RlTrainer trainer = new RlTrainer(
                TestModels.addition(), task, config(1).evalSteps(0).build());
        assertThatThrownBy(trainer::train).hasMessageContaining("not this one");
        RlTrainer stopped = new RlTrainer(
                        TestModels.addition(), Delays.NONE.task(), config(1).build())
                .listener(TrainingListener.eachStep(metrics -> {
                    if (metrics.step() == 2) {
                        throw new IllegalStateException("enough");
                    }
                }));
        assertThatThrownBy(stopped::train).hasMessage("enough");
    }

    @Test
    @DisplayName("a strictly on-policy method refuses older samples, with the reason")
    void strictlyOnPolicy() {
        assertThatThrownBy(() -> config(1).method(Opo.DEFAULT).build())
                .hasMessageContaining("opo is strictly on-policy")
                .hasMessageContaining("max_staleness 1")
                .hasMessageContaining("strict_on_policy=false");
    }

    @Test
    @DisplayName("a method says of itself whether it keeps groups back")
    void admitsAll() throws NoSuchMethodException {
        for (Method method : Methods.all()) {
            boolean own =
                    method.getClass().getMethod("admits", ScoredGroup.class).getDeclaringClass() != Method.class;
            assertThat(method.admitsAll()).as(method.name()).isEqualTo(!own);
        }
        assertThat(Dapo.DEFAULT.samplesDynamically()).isTrue(); // so its runs foresee nothing all the same
    }
}
