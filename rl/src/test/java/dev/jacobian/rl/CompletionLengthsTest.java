// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.Json;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.config.LrScheduler;
import dev.jacobian.rl.config.Stages;
import dev.jacobian.rl.method.Dapo;
import dev.jacobian.rl.method.Method;
import dev.jacobian.rl.method.Methods;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.RolloutTask;
import dev.jacobian.rl.rollout.Rollouts;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.task.PromptTask;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Completions whose limit grows in the course of a run: 2 tokens in the first two steps, 3 in the next, 4 in the last two. */
class CompletionLengthsTest {
    private static final Stages SCHEDULE = new Stages(new TreeMap<>(Map.of(0, 2, 2, 3, 3, 4)));
    private static final List<Integer> LIMITS = List.of(2, 2, 3, 4, 4); // of each step
    private static final RunOrigin ORIGIN = new RunOrigin("arith", "sums", Optional.empty());

    /** Rewards that differ within every group. */
    private static final Task TASK = new PromptTask(
            "sums",
            Stream.of("12+30=", "25+7=", "40+41=", "3+99=", "58+16=", "71+13=", "6+6=", "83+90=")
                    .toList(),
            RewardFunction.named(
                    "digits",
                    completion -> Score.of(Math.floorMod(
                                    IntStream.of(completion.tokenIds()).reduce(0, (sum, token) -> 31 * sum + token), 4)
                            / 3.0)));

    @TempDir
    Path folder;

    private static RlConfig.Builder usual(Method method) {
        return RlConfig.builder()
                .method(method)
                .maxSteps(5)
                .promptsPerStep(4)
                .numGenerations(4)
                .maxCompletionLength(4)
                .temperature(1.5)
                .learningRate(3e-3)
                .lrSchedulerType(LrScheduler.CONSTANT)
                .warmupSteps(0)
                .evalSteps(0)
                .finalEvalProblems(1);
    }

    /** What a run samples, measures and learns, step by step. */
    private static final class Watched {
        private final CausalLM model = TestModels.addition();
        private final List<Integer> longest = new ArrayList<>(); // sample of each step
        private final List<Double> limits = new ArrayList<>();
        private final List<List<Integer>> weights = new ArrayList<>();
        private int acrossStages; // samples that are longer than they might have been when they began

        Watched(RlConfig config) {
            this(config, UnaryOperator.identity());
        }

        Watched(RlConfig config, UnaryOperator<Rollouts> sampler) {
            RlTrainer trainer = new RlTrainer(model, TASK, config)
                    .observer((step, measured) -> {
                        longest.add(longest(step.sampled()));
                        weights.add(TestModels.bits(model));
                        acrossStages += (int) step.sampled().stream()
                                .flatMap(group -> group.group().samples().stream())
                                .filter(sample -> sample.choices() > limitAtBegin(config, sample))
                                .count();
                    })
                    .listener(TrainingListener.eachStep(step -> {
                        if (step.step() > 0) {
                            limits.add(step.values().getOrDefault("rollout/max_completion_length", 0.0));
                        }
                    }));
            if (!config.async().isAhead()) {
                trainer.rollouts(sampler.apply(Rollouts.local(model, TASK)));
            }
            trainer.train();
        }

        private static int limitAtBegin(RlConfig config, Trajectory sample) {
            long version = sample.versions().runs().getFirst().version();
            return config.sampling((int) version).maxNewTokens();
        }

        private static int longest(List<ScoredGroup> groups) {
            return groups.stream()
                    .flatMap(group -> group.group().samples().stream())
                    .mapToInt(Trajectory::choices)
                    .max()
                    .orElse(0);
        }
    }

    private static List<Method> methods() {
        return List.of(
                Methods.named("grpo").with("loss_type", "dr_grpo"), // whose divisor is the limit
                Dapo.DEFAULT.with("overlong_slope", 2)); // which punishes what comes near it
    }

    @ParameterizedTest
    @MethodSource("methods")
    @DisplayName("a stage computes what a run of its limit computes")
    void firstStage(Method method) {
        Watched staged =
                new Watched(usual(method).completionLengthSchedule(SCHEDULE).build());
        Watched shorter =
                new Watched(usual(method).maxSteps(2).maxCompletionLength(2).build());
        Watched longer = new Watched(usual(method).build());
        assertThat(staged.weights.subList(0, 2)).isEqualTo(shorter.weights);
        assertThat(staged.weights.getFirst()).isNotEqualTo(longer.weights.getFirst());
    }

    /** The growing limit said without it: a sampler that is asked for 4 tokens and draws fewer. */
    private static Rollouts limited(Rollouts local) {
        Iterator<Integer> limits = LIMITS.iterator();
        return new Rollouts() {
            @Override
            public void publish(CausalLM policy, long version) {
                local.publish(policy, version);
            }

            @Override
            public void ask(RolloutTask task) {
                GenerationConfig usual = task.generation();
                GenerationConfig limited = GenerationConfig.sampling(limits.next(), usual.temperature(), usual.seed());
                local.ask(new RolloutTask(task.requests(), limited, task.weightVersion()));
            }

            @Override
            public List<Group> next() {
                return local.next();
            }
        };
    }

    @Test
    @DisplayName("a run with a schedule is one whose sampler draws that many tokens")
    void wholeRun() {
        Method grpo = Methods.named("grpo");
        Watched staged =
                new Watched(usual(grpo).completionLengthSchedule(SCHEDULE).build());
        Watched limited = new Watched(usual(grpo).build(), CompletionLengthsTest::limited);
        assertThat(staged.weights).isEqualTo(limited.weights);
        assertThat(staged.longest).isEqualTo(LIMITS);
        assertThat(staged.limits)
                .isEqualTo(LIMITS.stream().map(Integer::doubleValue).toList());
    }

    @ParameterizedTest
    @CsvSource({"1", "2"})
    @DisplayName("however far sampling runs ahead, a rollout's limit is its own")
    void ahead(int staleness) {
        RlConfig config = usual(Methods.named("grpo"))
                .completionLengthSchedule(SCHEDULE)
                .maxStaleness(staleness)
                .build();
        Watched one = new Watched(config);
        assertThat(one.longest).isEqualTo(LIMITS);
        assertThat(new Watched(config).weights).isEqualTo(one.weights);
    }

    @Test
    @DisplayName("a sample that waits goes on under the limit of then")
    void waiting() {
        Watched run = new Watched(
                usual(Methods.named("grpo"))
                        .promptsPerStep(2)
                        .maxCompletionLength(5)
                        .rolloutTokenBudget(2)
                        .inflightGroups(6)
                        .completionLengthSchedule(new Stages(new TreeMap<>(Map.of(0, 3, 1, 5))))
                        .build(),
                CompletionLengthsTest::uneven);
        assertThat(run.longest.getFirst()).isEqualTo(3);
        assertThat(run.acrossStages).isPositive();
    }

    /** Gives every other group less than it might have, so that some wait while others are whole. */
    private static Rollouts uneven(Rollouts local) {
        Deque<Integer> asked = new ArrayDeque<>();
        return new Rollouts() {
            @Override
            public void publish(CausalLM policy, long version) {
                local.publish(policy, version);
            }

            @Override
            public void ask(RolloutTask task) {
                asked.add(task.requests().size());
                for (RolloutTask.Request request : task.requests()) {
                    int pauseAfter = request.key() % 2 == 0 ? 1 : task.pauseAfter();
                    local.ask(new RolloutTask(List.of(request), task.generation(), pauseAfter, task.weightVersion()));
                }
            }

            @Override
            public List<Group> next() {
                List<Group> groups = new ArrayList<>();
                for (int g = asked.remove(); g > 0; g--) {
                    groups.addAll(local.next());
                }
                return groups;
            }
        };
    }

    @Test
    @DisplayName("in TRL's terms steps are optimizer steps, and a rollout has the limit of its first")
    void inTrlsTerms() {
        Watched run = new Watched(usual(Methods.named("grpo"))
                .maxSteps(6)
                .set("per_device_train_batch_size", 8)
                .set("steps_per_generation", 2)
                .completionLengthSchedule(new Stages(new TreeMap<>(Map.of(0, 2, 3, 4))))
                .build());
        assertThat(run.longest).containsExactly(2, 0, 2, 0, 4, 0); // nothing is sampled for each second step
    }

    @Test
    @DisplayName("stopped in one stage and resumed, a run goes on to the same bits")
    void resumed() throws IOException {
        RlConfig config = usual(Methods.named("grpo"))
                .completionLengthSchedule(SCHEDULE)
                .saveSteps(1)
                .build();
        Path whole = folder.resolve("whole");
        new RlTrainer(TestModels.addition(), TASK, config)
                .output(whole, ORIGIN, false)
                .train();
        Path stopped = folder.resolve("stopped");
        RlTrainer begun = new RlTrainer(TestModels.addition(), TASK, config)
                .listener(TrainingListener.eachStep(step -> {
                    if (step.step() == 3) {
                        throw new IllegalStateException("stopped");
                    }
                }))
                .output(stopped, ORIGIN, false);
        assertThatThrownBy(begun::train).hasMessage("stopped");
        new RlTrainer(TestModels.addition(), TASK, config)
                .output(stopped, ORIGIN, true)
                .train();
        assertThat(Files.mismatch(stopped.resolve("model.safetensors"), whole.resolve("model.safetensors")))
                .isEqualTo(-1);
        assertThatThrownBy(() -> new RlTrainer(
                                TestModels.addition(),
                                TASK,
                                usual(Methods.named("grpo")).saveSteps(1).build())
                        .output(stopped, ORIGIN, true))
                .hasMessageContaining("completion_length_schedule");
    }

    @Test
    @DisplayName("memory is planned for the longest")
    void memory() {
        RlConfig.Builder config = usual(Methods.named("grpo"));
        assertThat(new RlTrainer(
                                TestModels.addition(),
                                TASK,
                                config.completionLengthSchedule(SCHEDULE).build())
                        .memoryPlan()
                        .parts())
                .isEqualTo(new RlTrainer(
                                TestModels.addition(),
                                TASK,
                                usual(Methods.named("grpo")).build())
                        .memoryPlan()
                        .parts());
    }

    @Test
    @DisplayName("it is written as an object, or as text on a command line")
    void written() {
        RlConfig config =
                usual(Methods.named("grpo")).completionLengthSchedule(SCHEDULE).build();
        assertThat(config.toJson().get("completion_length_schedule"))
                .isEqualTo(Json.parse("{\"0\": 2, \"2\": 3, \"3\": 4}", "expected"));
        RlConfig constant = usual(Methods.named("grpo")).build();
        for (String text : List.of("0=2,2=3,3=4", " 3 = 4, 0 = 2, 2=3", "{\"0\": 2, \"2\": 3, \"3\": 4}")) {
            assertThat(constant.with(new Given().setText("completion_length_schedule", text, "--set")))
                    .as(text)
                    .isEqualTo(config);
        }
        assertThat(config.with(new Given().setText("completion_length_schedule", "null", "--set")))
                .isEqualTo(constant);
        assertThat(RlConfig.DEFAULT.with(new Given().setAll(config.toJson(), "run.json")))
                .isEqualTo(config);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0=2, 2=7  | grows to 7 tokens, but max_completion_length is 4",
                "1=2, 2=4  | begin with 0=TOKENS",
                "0=4       | has one stage alone",
                "0=4, 2=2  | must grow, but from step 2 on the limit is 2 after 4",
                "0=3, 2=3, 3=4 | must grow, but from step 2 on the limit is 3 after 3",
                "0=0, 2=4  | must be at least 1, got 0 from step 0 on",
                "0=2, 5=4  | a stage from step 5 on, which a run of max_steps 5 does not come to",
                "0=2, 0=4  | must be values by step, such as 0=64,200=128, or null, not",
                "0=2, soon=4 | must be values by step",
                "0=2, 2=-4 | must be values by step",
                "0=2, 2=3.5 | must be values by step",
                "64        | must be values by step",
                "{\"0\": 2, \"2\": [4]} | must be values by step",
                "{\"0\": 2, | must be values by step",
            })
    @DisplayName("what makes no sense is refused, with what it would have to be")
    void refused(String text, String message) {
        RlConfig constant = usual(Methods.named("grpo")).build();
        assertThatThrownBy(() -> constant.with(new Given().setText("completion_length_schedule", text, "--set")))
                .hasMessageContaining("completion_length_schedule")
                .hasMessageContaining(message);
    }

    @Test
    @DisplayName("a stage that a method cannot work with is refused before the run")
    void refusedByMethod() {
        assertThatThrownBy(() -> usual(Dapo.DEFAULT.with("overlong_slope", 4))
                        .completionLengthSchedule(SCHEDULE)
                        .build())
                .hasMessageContaining("between 1 and 2 tokens");
    }
}
