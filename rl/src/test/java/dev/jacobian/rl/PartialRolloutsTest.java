// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.rl.config.LearnedSegments;
import dev.jacobian.rl.environment.Environment;
import dev.jacobian.rl.environment.Reply;
import dev.jacobian.rl.environment.Session;
import dev.jacobian.rl.environment.Start;
import dev.jacobian.rl.learn.CreditedGroup;
import dev.jacobian.rl.learn.PolicyScorer;
import dev.jacobian.rl.method.Method;
import dev.jacobian.rl.method.Methods;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.RolloutTask;
import dev.jacobian.rl.rollout.Rollouts;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.rl.task.EnvironmentTask;
import dev.jacobian.transformer.CausalLM;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Runs whose samples wait from one rollout to the next. */
class PartialRolloutsTest {
    private static RlConfig.Builder usual(Method method) {
        return RlConfig.builder()
                .method(method)
                .maxSteps(5)
                .promptsPerStep(4)
                .numGenerations(4)
                .maxCompletionLength(6)
                .temperature(1.5)
                .learningRate(3e-3)
                .evalSteps(0)
                .finalEvalProblems(5);
    }

    private static RlConfig.Builder usual() {
        return usual(Methods.named("grpo"));
    }

    /** What a run does, step by step. */
    private static final class Watched {
        private final CausalLM model = TestModels.addition();
        private final List<List<ScoredGroup>> sampled = new ArrayList<>();
        private final List<List<CreditedGroup>> batches = new ArrayList<>();
        private final List<Map<String, Double>> metrics = new ArrayList<>();
        private final Map<Long, CausalLM> weights = new HashMap<>();

        Watched(RlConfig config, boolean keepsWeights) {
            RlTrainer trainer = new RlTrainer(model, new Addition(), config)
                    .observer((step, measured) -> {
                        sampled.add(step.sampled());
                        batches.add(step.batch());
                    })
                    .listener(TrainingListener.eachStep(step -> {
                        if (step.step() > 0) {
                            metrics.add(step.values());
                        }
                    }));
            if (keepsWeights) {
                trainer.rollouts(remembering());
            }
            trainer.train();
        }

        private Rollouts remembering() {
            Rollouts local = Rollouts.local(model, new Addition());
            return new Rollouts() {
                @Override
                public void publish(CausalLM policy, long version) {
                    local.publish(policy, version);
                    CausalLM copy = TestModels.addition();
                    for (int p = 0; p < copy.parameters().size(); p++) {
                        Parameter parameter = copy.parameters().get(p);
                        parameter.value().copyFrom(policy.parameters().get(p).value());
                        parameter.valueChanged();
                    }
                    weights.put(version, copy);
                }

                @Override
                public void ask(RolloutTask task) {
                    local.ask(task);
                }

                @Override
                public List<Group> next() {
                    return local.next();
                }
            };
        }
    }

    @Test
    @DisplayName("where each step waits for all of its groups, pausing changes nothing: the bits of a run without a"
            + " budget")
    void sameWeights() {
        CausalLM usual = new Watched(usual().build(), false).model;
        Watched paused =
                new Watched(usual().rolloutTokenBudget(2).inflightGroups(4).build(), false);
        assertThat(TestModels.bits(paused.model)).isEqualTo(TestModels.bits(usual));
        assertThat(paused.metrics.getFirst().get("rollout/waves")).isGreaterThan(1);
        assertThat(paused.metrics).allSatisfy(step -> {
            assertThat(step).containsEntry("rollout/segments", 1.0).containsEntry("rollout/age/max", 0.0);
            assertThat(step).containsEntry("rollout/paused", 0.0).containsEntry("rollout/continued", 0.0);
        });
    }

    @Test
    @DisplayName(
            "every token has the version that chose it and that version's log-probability, and a group is whole when"
                    + " it is learned from")
    void versions() {
        Watched run = new Watched(usual().rolloutTokenBudget(2).build(), true);
        int several = 0;
        for (List<CreditedGroup> batch : run.batches) {
            assertThat(batch).hasSize(4);
            for (CreditedGroup credited : batch) {
                Group group = credited.scored().group();
                assertThat(group.size()).isEqualTo(4);
                assertThat(group.isPaused()).isFalse();
                for (int s = 0; s < group.size(); s++) {
                    Trajectory sample = group.samples().get(s);
                    several += sample.versions().runs().size() > 1 ? 1 : 0;
                    assertThat(credited.views().old()[s]).isEqualTo(sample.chosenLogProbs());
                    int choice = 0;
                    Map<Long, float[]> said = new HashMap<>();
                    for (int t = 0; t < sample.length(); t++) {
                        if (sample.chosen()[t]) {
                            float[] theirs = said.computeIfAbsent(
                                    sample.versions().at(t),
                                    version -> PolicyScorer.logProbs(
                                            run.weights.get(version), List.of(group(group, sample)), 1.5f, 1000));
                            assertThat(sample.logProbs()[t]).isEqualTo(theirs[choice++]);
                        }
                    }
                }
            }
        }
        assertThat(several).as("samples of several versions").isPositive();
        assertThat(run.metrics)
                .allSatisfy(step -> assertThat(step).containsEntry("sampling/sampling_logp_difference/max", 0.0));
        assertThat(run.metrics.stream()
                        .mapToDouble(step -> step.get("rollout/continued"))
                        .sum())
                .isPositive();
        assertThat(run.metrics.stream()
                        .mapToDouble(step -> step.get("rollout/age/max"))
                        .max()
                        .orElse(0))
                .isGreaterThanOrEqualTo(1);
    }

    private static Group group(Group of, Trajectory alone) {
        return new Group(of.problem(), of.key(), of.promptLength(), List.of(alone));
    }

    @Test
    @DisplayName(
            "learn_from_segments=current learns from what these weights chose and nothing else, so that every ratio is"
                    + " 1; recent from what is young enough")
    void segments() {
        Watched current = new Watched(
                usual().rolloutTokenBudget(2)
                        .learnFromSegments(LearnedSegments.CURRENT)
                        .build(),
                false);
        for (int step = 0; step < current.batches.size(); step++) {
            for (CreditedGroup group : current.batches.get(step)) {
                assertOnly(group, step);
            }
        }
        assertThat(current.metrics).allSatisfy(step -> assertThat(step).containsEntry("rollout/age/max", 0.0));
        Watched recent = new Watched(
                usual().rolloutTokenBudget(1)
                        .maxSteps(7)
                        .inflightGroups(20)
                        .learnFromSegments(LearnedSegments.RECENT)
                        .maxSegmentAge(1)
                        .build(),
                false);
        Watched all = new Watched(
                usual().rolloutTokenBudget(1).maxSteps(7).inflightGroups(20).build(), false);
        assertThat(recent.metrics)
                .allSatisfy(step -> assertThat(step.get("rollout/age/max")).isLessThanOrEqualTo(1));
        assertThat(all.metrics.stream()
                        .mapToDouble(step -> step.get("rollout/age/max"))
                        .max()
                        .orElse(0))
                .isGreaterThan(1);
    }

    private static void assertOnly(CreditedGroup group, long version) {
        for (Trajectory sample : group.scored().group().samples()) {
            for (int t = 0; t < sample.length(); t++) {
                if (sample.chosen()[t]) {
                    assertThat(sample.versions().at(t)).isEqualTo(version);
                }
            }
        }
    }

    static List<Method> methods() {
        return Methods.all();
    }

    @ParameterizedTest
    @MethodSource("methods")
    @DisplayName("every method learns from samples that several weights wrote, or says before the run why it does not")
    void everyMethod(Method method) {
        RlConfig.Builder builder = usual(method).rolloutTokenBudget(2).maxSteps(3);
        RlConfig plain = usual(method).build();
        if (plain.algorithm().strictlyOnPolicy()) {
            assertThatThrownBy(builder::build)
                    .hasMessageContaining(method.name() + " is strictly on-policy")
                    .hasMessageContaining("rollout_token_budget");
        } else if (!plain.algorithm().objective().usesOldLogProbs()) {
            assertThatThrownBy(builder::build)
                    .hasMessageContaining("has no ratio")
                    .hasMessageContaining("learn_from_segments");
            assertLearns(builder.learnFromSegments(LearnedSegments.CURRENT).build());
        } else {
            assertLearns(builder.build());
            assertLearns(builder.learnFromSegments(LearnedSegments.CURRENT).build());
        }
    }

    private static void assertLearns(RlConfig config) {
        Watched run = new Watched(config, false);
        assertThat(run.metrics).hasSize(3);
        assertThat(run.metrics)
                .allSatisfy(step -> assertThat(step.get("loss")).isFinite())
                .anySatisfy(step -> assertThat(step.get("rollout/continued")).isPositive());
        for (List<CreditedGroup> batch : run.batches) {
            batch.forEach(group -> assertThat(group.scored().group().isPaused()).isFalse());
        }
    }

    @Test
    @DisplayName("settings that make no sense or no difference are refused, with what to change")
    void refused() {
        assertRefused(b -> b.rolloutTokenBudget(0), "rollout_token_budget must be at least 1, got 0");
        assertRefused(b -> b.rolloutTokenBudget(-3), "rollout_token_budget must be at least 1, got -3");
        assertRefused(b -> b.rolloutTokenBudget(6), "pauses nothing");
        assertRefused(b -> b.inflightGroups(8), "inflight_groups is about samples that wait");
        assertRefused(b -> b.rolloutTokenBudget(2).inflightGroups(3), "at least the 4 groups");
        assertRefused(
                b -> b.learnFromSegments(LearnedSegments.CURRENT), "learn_from_segments is about samples that wait");
        assertRefused(
                b -> b.rolloutTokenBudget(2).learnFromSegments(LearnedSegments.RECENT), "max_segment_age go together");
        assertRefused(b -> b.rolloutTokenBudget(2).maxSegmentAge(1), "max_segment_age go together");
        assertRefused(
                b -> b.rolloutTokenBudget(2)
                        .learnFromSegments(LearnedSegments.RECENT)
                        .maxSegmentAge(0),
                "max_segment_age must be at least 1");
        assertRefused(b -> b.maxRolloutIterations(2), "max_rollout_iterations is about samples that wait");
        assertRefused(b -> b.rolloutTokenBudget(2).maxRolloutIterations(1), "must be at least 2");
        assertRefused(b -> b.rolloutTokenBudget(2).maxRolloutIterations(3), "ends nothing");
        assertRefused(b -> b.repetitionNgram(2), "repetition_ngram and repetition_count make one rule");
        assertRefused(b -> b.repetitionNgram(1).repetitionCount(1), "repetition_count must be at least 2");
        assertRefused(b -> b.repetitionNgram(3).repetitionCount(2), "stops nothing");
        assertRefused(b -> b.repetitionStopPenalty(1), "set them too");
        assertRefused(
                b -> b.repetitionNgram(1).repetitionCount(2).repetitionStopPenalty(-1),
                "repetition_stop_penalty must be at least 0");
    }

    private static void assertRefused(UnaryOperator<RlConfig.Builder> settings, String message) {
        assertThatThrownBy(() -> settings.apply(usual()).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    // In environments

    /** Answers twice with {@code +1=}, and rewards many digits. */
    private record Echo(boolean isRepeatable) implements Environment {
        @Override
        public String name() {
            return "echo";
        }

        @Override
        public List<String> stops() {
            return List.of("1", "2", "3", "4");
        }

        @Override
        public Session reset(Start start) {
            return said -> said.number() == 3 || said.isEnded()
                    ? Reply.done(said.text().length() / 4.0)
                    : Reply.of("+1=", said.number() / 8.0);
        }
    }

    private static List<Integer> played(RlConfig.Builder config, List<Map<String, Double>> metrics) {
        CausalLM model = TestModels.addition();
        new RlTrainer(
                        model,
                        EnvironmentTask.rewarding(new Addition(), new Echo(true)),
                        config.maxCompletionLength(16).maxSteps(4).build())
                .listener(TrainingListener.eachStep(step -> metrics.add(step.values())))
                .train();
        return TestModels.bits(model);
    }

    @Test
    @DisplayName("episodes of several turns wait too: the same bits where all are waited for, otherwise under newer"
            + " weights, and never in an environment that cannot be told again")
    void environments() {
        List<Map<String, Double>> metrics = new ArrayList<>();
        List<Integer> usual = played(usual(), metrics);
        assertThat(played(usual().rolloutTokenBudget(2).inflightGroups(4), metrics))
                .isEqualTo(usual);
        metrics.clear();
        assertThat(played(usual().rolloutTokenBudget(2), metrics)).isNotEqualTo(usual);
        assertThat(metrics.stream()
                        .mapToDouble(step -> step.getOrDefault("rollout/continued", 0.0))
                        .sum())
                .isPositive();
        assertThat(metrics.getLast()).containsEntry("sampling/sampling_logp_difference/max", 0.0);
        assertThatThrownBy(() -> new RlTrainer(
                        TestModels.addition(),
                        EnvironmentTask.rewarding(new Addition(), new Echo(false)),
                        usual().rolloutTokenBudget(2).build()))
                .hasMessageContaining("environment 'echo' cannot be told again")
                .hasMessageContaining("rollout_token_budget");
    }
}
