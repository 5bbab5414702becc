// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.advantage.GroupRewards;
import dev.jacobian.rl.method.Method;
import dev.jacobian.rl.method.Methods;
import dev.jacobian.rl.observe.StepMetrics;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.observe.TrainingStep;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.rollout.Buffer;
import dev.jacobian.rl.rollout.Curriculum;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.RolloutTask;
import dev.jacobian.rl.rollout.Rollouts;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.PromptTask;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The parts of the loop that can be exchanged: curriculum, buffer, rollouts, observers. */
class RlTrainerTest {
    private static final RunOrigin ORIGIN = new RunOrigin("addition", "addition", Optional.empty());

    @TempDir
    Path folder;

    private static RlConfig.Builder config(int steps) {
        return RlConfig.builder()
                .maxSteps(steps)
                .promptsPerStep(4)
                .numGenerations(4)
                .maxCompletionLength(4)
                .learningRate(1e-3)
                .evalSteps(0)
                .saveSteps(1)
                .finalEvalProblems(5);
    }

    /** Groups whose samples differ, as DAPO's dynamic sampling wants them; counts what it has seen. */
    private static final class Differing implements Curriculum {
        private final Curriculum order = Curriculum.inOrder(new Addition(), 0);
        private int seen;

        @Override
        public List<Draw> next(int count) {
            return order.next(count);
        }

        @Override
        public boolean admits(ScoredGroup group) {
            return !new GroupRewards(group.rewards(), group.choices()).isDegenerate();
        }

        @Override
        public void observe(ScoredGroup group) {
            seen++;
        }

        @Override
        public void save(Path checkpoint, ObjectNode state) {
            order.save(checkpoint, state);
            state.put("seen", seen);
        }

        @Override
        public void restore(Path checkpoint, JsonNode state) {
            order.restore(checkpoint, state);
            seen = state.get("seen").intValue();
        }
    }

    @Test
    @DisplayName("a task without held-out problems is refused, since there would be nothing to measure")
    void nothingHeldOut() {
        Task addition = new Addition();
        Task task = new Task() {
            @Override
            public String name() {
                return "unmeasured";
            }

            @Override
            public Problem trainProblem(long seed, long index) {
                return addition.trainProblem(seed, index);
            }

            @Override
            public List<Problem> evalProblems(int count) {
                throw new IllegalArgumentException("asked for " + count);
            }

            @Override
            public int evalSize() {
                return 0;
            }

            @Override
            public WeightedRewards rewards() {
                return addition.rewards();
            }
        };
        assertThatThrownBy(() ->
                        new RlTrainer(TestModels.addition(), task, config(1).build()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("task 'unmeasured' has no held-out problems (its evalSize() is 0)");
    }

    private static void stopAfter(int step, RlTrainer trainer) {
        assertThatThrownBy(() -> trainer.listener(TrainingListener.eachStep(metrics -> {
                            if (metrics.step() == step + 1) {
                                throw new IllegalStateException("stopped");
                            }
                        }))
                        .train())
                .hasMessage("stopped");
    }

    @Test
    @DisplayName(
            "a curriculum's gate keeps groups out, the step samples until it has enough, and a resumed run does the"
                    + " same")
    void dynamicSampling() {
        CausalLM whole = TestModels.addition();
        List<TrainingStep> steps = new ArrayList<>();
        Differing uninterrupted = new Differing();
        new RlTrainer(whole, new Addition(), config(3).build())
                .curriculum(uninterrupted)
                .observer((step, measured) -> steps.add(step))
                .train();
        assertThat(steps).hasSize(3).allSatisfy(step -> {
            assertThat(step.batch())
                    .hasSize(4)
                    .allSatisfy(group -> assertThat(group.advantages().isZero()).isFalse());
            assertThat(step.sampled().size()).isGreaterThanOrEqualTo(4);
        });
        int sampled = steps.stream().mapToInt(step -> step.sampled().size()).sum();
        assertThat(sampled).as("some were kept out").isGreaterThan(12);
        assertThat(uninterrupted.seen).isEqualTo(sampled);
        Set<Long> keys = new HashSet<>();
        steps.forEach(
                step -> step.sampled().forEach(group -> keys.add(group.group().key())));
        assertThat(keys).as("no problem is drawn twice").hasSize(sampled);

        CausalLM first = TestModels.addition();
        stopAfter(
                1,
                new RlTrainer(first, new Addition(), config(3).build())
                        .curriculum(new Differing())
                        .output(folder, ORIGIN, false));
        CausalLM second = TestModels.addition();
        Differing resumed = new Differing();
        new RlTrainer(second, new Addition(), config(3).build())
                .curriculum(resumed)
                .output(folder, ORIGIN, true)
                .train();
        assertThat(TestModels.bits(second)).isEqualTo(TestModels.bits(whole));
        assertThat(resumed.seen).isEqualTo(sampled);
    }

    @Test
    @DisplayName("a gate that admits nothing ends the run and says why")
    void closedGate() {
        Curriculum closed = new Curriculum() {
            private final Curriculum order = Curriculum.inOrder(new Addition(), 0);

            @Override
            public List<Draw> next(int count) {
                return order.next(count);
            }

            @Override
            public boolean admits(ScoredGroup group) {
                return false;
            }
        };
        RlTrainer trainer =
                new RlTrainer(TestModels.addition(), new Addition(), config(1).build()).curriculum(closed);
        assertThatThrownBy(trainer::train)
                .hasMessageContaining("step 1: of 80 groups the curriculum and the method admitted fewer than the 4")
                .hasMessageContaining("loosen its gate");
    }

    /** Learns from groups one step late, and keeps the last ones in the checkpoint's description by their keys. */
    private static final class OneStepLate implements Buffer {
        private final List<ScoredGroup> waiting = new ArrayList<>();

        @Override
        public void add(ScoredGroup group) {
            waiting.add(group);
        }

        @Override
        public List<ScoredGroup> draw(int count, long version) {
            if (waiting.size() < 2 * count) {
                return List.of();
            }
            List<ScoredGroup> drawn = List.copyOf(waiting.subList(0, count));
            waiting.subList(0, count).clear();
            return drawn;
        }

        @Override
        public void save(Path checkpoint, ObjectNode state) {
            waiting.forEach(group -> state.withArray("keys").add(group.group().key()));
        }
    }

    @Test
    @DisplayName("a buffer decides what is learned from when: older samples are no mismatch, and its state is in the"
            + " checkpoint")
    void replay() {
        List<TrainingStep> steps = new ArrayList<>();
        new RlTrainer(TestModels.addition(), new Addition(), config(3).build())
                .buffer(new OneStepLate())
                .observer((step, measured) -> steps.add(step))
                .output(folder, ORIGIN, false)
                .train();
        assertThat(steps.get(0).sampled()).hasSize(8);
        assertThat(steps.get(1).sampled()).hasSize(4);
        TrainingStep last = steps.get(2);
        assertThat(last.batch()
                        .getFirst()
                        .scored()
                        .group()
                        .samples()
                        .getFirst()
                        .versions()
                        .oldest())
                .isEqualTo(1);
        assertThat(last.updates().getFirst().agreement().differenceMax()).isZero();
        assertThat(last.updates().getFirst().objective().absDeltaMax())
                .as("the weights have moved on")
                .isPositive();
        JsonNode state = Json.read(folder.resolve("checkpoint-3").resolve("trainer_state.json"));
        assertThat(state.path("buffer").path("keys").size()).isEqualTo(4);
        assertThat(state.path("curriculum").path("next").asLong()).isEqualTo(16);
        RlTrainer strict = new RlTrainer(
                        TestModels.addition(),
                        new Addition(),
                        config(3).algorithm("opo").build())
                .buffer(new OneStepLate());
        assertThatThrownBy(strict::train)
                .hasMessageContaining("opo is strictly on-policy, but other weights chose")
                .hasMessageContaining("Buffer.none");
    }

    @Test
    @DisplayName("samples that pause and go on within a step train the same bits as those that run through")
    void pausingRollouts() {
        CausalLM expected = TestModels.addition();
        new RlTrainer(expected, new Addition(), config(2).build()).train();
        CausalLM model = TestModels.addition();
        Rollouts local = Rollouts.local(model);
        List<Long> published = new ArrayList<>();
        Rollouts pausing = new Rollouts() {
            @Override
            public void publish(CausalLM policy, long version) {
                assertThat(policy).isSameAs(model);
                published.add(version);
            }

            @Override
            public void ask(RolloutTask task) {
                local.ask(new RolloutTask(task.requests(), task.generation(), 1, task.weightVersion()));
            }

            @Override
            public List<Group> next() {
                return local.next();
            }
        };
        new RlTrainer(model, new Addition(), config(2).build())
                .rollouts(pausing)
                .train();
        assertThat(TestModels.bits(model)).isEqualTo(TestModels.bits(expected));
        assertThat(published).containsExactly(0L, 1L, 2L);
    }

    @Test
    @DisplayName("an observer's metrics and messages join the run's, and change nothing")
    void observers() {
        CausalLM expected = TestModels.addition();
        new RlTrainer(expected, new Addition(), config(2).build()).train();
        CausalLM model = TestModels.addition();
        List<Double> seen = new ArrayList<>();
        List<String> messages = new ArrayList<>();
        new RlTrainer(model, new Addition(), config(2).build())
                .observer((step, measured) -> {
                    measured.put("mine", 10 * step.number());
                    measured.say("step " + step.number() + " of " + step.of());
                })
                .listener(new TrainingListener() {
                    @Override
                    public void onStep(StepMetrics metrics) {
                        seen.add(metrics.get("mine"));
                    }

                    @Override
                    public void onMessage(String message) {
                        messages.add(message);
                    }
                })
                .train();
        assertThat(seen).containsExactly(Double.NaN, 10.0, 20.0);
        assertThat(messages).contains("step 1 of 2", "step 2 of 2");
        assertThat(TestModels.bits(model)).isEqualTo(TestModels.bits(expected));
    }

    private static List<String> said(RlConfig config, Task task) {
        List<String> messages = new ArrayList<>();
        new RlTrainer(TestModels.addition(), task, config)
                .listener(new TrainingListener() {
                    @Override
                    public void onMessage(String message) {
                        if (message.startsWith("First step: ")) {
                            messages.add(message);
                        }
                    }
                })
                .train();
        return messages;
    }

    @Test
    @DisplayName("what cannot be right about the first step is said at once: all cut, all the same, no gradient")
    void firstStep() {
        assertThat(said(config(2).build(), task(c -> Score.of(0))))
                .singleElement()
                .asString()
                .contains("all 16 completions earned the same reward, 0.0, and the policy's gradient is 0")
                .contains("num_generations");
        assertThat(said(
                        config(2).build(),
                        task(c -> Score.of(c.prompt().length() + (c.problemId().endsWith("0") ? 1 : 0)))))
                .singleElement()
                .asString()
                .contains("rewards differ, but the policy's gradient is 0");
        assertThat(said(config(2).maxCompletionLength(1).build(), new Addition()))
                .anySatisfy(message -> assertThat(message)
                        .contains("all 16 completions were cut at max_completion_length")
                        .contains("Raise max_completion_length"));
        assertThat(said(config(2).build(), new Addition())).as("a usual run").isEmpty();
        assertThat(said(config(2).build(), task(c -> Score.skip())))
                .singleElement()
                .asString()
                .contains("no completion has a reward");
        Task differing = task(c -> Score.of(Math.floorMod(Arrays.hashCode(c.tokenIds()), 4) / 4.0));
        assertThat(said(config(2).algorithm("rest").build(), differing))
                .singleElement()
                .asString()
                .contains("all samples that would teach are left out (reward_threshold");
        Task ofPrompts = task(c -> Score.of(c.problemId().endsWith("0") ? 1 : 0));
        assertThat(said(config(2).algorithm("remax").build(), ofPrompts))
                .singleElement()
                .asString()
                .contains("Every sample earned what the one that it is compared with earned");
        for (Method method : Methods.all()) {
            assertThat(said(config(1).method(method).build(), new Addition()))
                    .as(method.name())
                    .isEmpty();
        }
    }

    private static List<String> warnings(Task task, int steps) {
        return warnings(task, steps, "grpo");
    }

    private static List<String> warnings(Task task, int steps, String algorithm) {
        List<String> messages = new ArrayList<>();
        RlConfig config = config(steps).algorithm(algorithm).build();
        new RlTrainer(TestModels.addition(), task, config)
                .listener(new TrainingListener() {
                    @Override
                    public void onMessage(String message) {
                        if (message.contains("Likely causes")) {
                            messages.add(message);
                        }
                    }
                })
                .train();
        return messages;
    }

    private static Task task(RewardFunction reward) {
        return new PromptTask("mine", List.of("1+1=", "2+2="), RewardFunction.named("mine", reward));
    }

    @Test
    @DisplayName("a run whose rewards never differ says so once, with the likely causes")
    void equalRewards() {
        assertThat(warnings(task(c -> Score.of(0)), 5))
                .singleElement()
                .asString()
                .startsWith(
                        "After 3 steps and 48 completions every reward was 0, so nothing is learned. Likely causes: ")
                .contains("does not answer in the form", "too hard");
        assertThat(warnings(task(c -> Score.of(0)), 1))
                .singleElement()
                .asString()
                .startsWith("After 1 step and 16");
        assertThat(warnings(task(c -> Score.of(1)), 4))
                .singleElement()
                .asString()
                .contains("every reward was 1.0", "too easy", "raise temperature");
        assertThat(warnings(task(c -> Score.skip()), 3))
                .singleElement()
                .asString()
                .contains("no completion had a reward");
        assertThat(warnings(
                        task(c -> Score.of(c.prompt().length() + (c.problemId().endsWith("0") ? 1 : 0))), 3))
                .singleElement()
                .asString()
                .contains("the samples of each prompt all earned the same");
        assertThat(warnings(new Addition(), 4)).as("rewards that differ").isEmpty();
        assertThat(warnings(task(c -> Score.of(1)), 3, "rest"))
                .singleElement()
                .asString()
                .contains("every reward was 1.0, so rewards tell no sample of a prompt from another")
                .doesNotContain("nothing is learned");
    }
}
