// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.FormatException;
import dev.jacobian.rl.config.BufferConfig;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.CurriculumConfig;
import dev.jacobian.rl.config.LearnedSegments;
import dev.jacobian.rl.method.Method;
import dev.jacobian.rl.method.Methods;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.observe.TrainingStep;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.rl.rollout.store.GroupStore;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.transformer.CausalLM;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs that choose their problems by results and learn from groups of earlier steps. */
class ReplayRunTest {
    private static final RunOrigin ORIGIN = new RunOrigin("addition", "addition", Optional.empty());

    @TempDir
    Path folder;

    private static RlConfig.Builder config() {
        return RlConfig.builder()
                .maxSteps(5)
                .promptsPerStep(4)
                .numGenerations(4)
                .maxCompletionLength(4)
                .learningRate(1e-3)
                .evalSteps(0)
                .saveSteps(1)
                .finalEvalProblems(5);
    }

    private static RlConfig replaying() {
        return config().curriculum(CurriculumConfig.Kind.PRIORITIZED)
                .curriculumPool(64)
                .dynamicSampling(true)
                .buffer(BufferConfig.Kind.REPLAY)
                .bufferMaxAge(2)
                .build();
    }

    private static RlTrainer trainer(CausalLM model, RlConfig config) {
        return new RlTrainer(model, new Addition(), config);
    }

    private void stopAfter(int step) {
        stopAfter(step, replaying());
    }

    private void stopAfter(int step, RlConfig config) {
        assertThatThrownBy(() -> trainer(TestModels.addition(), config)
                        .output(folder, ORIGIN, false)
                        .listener(TrainingListener.eachStep(metrics -> {
                            if (metrics.step() == step + 1) {
                                throw new IllegalStateException("stopped");
                            }
                        }))
                        .train())
                .hasMessage("stopped");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    @DisplayName("stopped with a buffer of groups and a curriculum, a run goes on to the bits of the undisturbed one")
    void resumed(int step) {
        CausalLM whole = TestModels.addition();
        trainer(whole, replaying()).train();
        stopAfter(step);
        CausalLM resumed = TestModels.addition();
        trainer(resumed, replaying()).output(folder, ORIGIN, true).train();
        assertThat(TestModels.bits(resumed)).isEqualTo(TestModels.bits(whole));
    }

    @Test
    @DisplayName("a broken or missing buffer file is one clear error before the first step")
    void brokenBuffer() throws IOException {
        stopAfter(2);
        Path file = folder.resolve("checkpoint-2/replay_buffer.groups");
        byte[] bytes = Files.readAllBytes(file);
        bytes[100]++;
        Files.write(file, bytes);
        RlTrainer trainer = trainer(TestModels.addition(), replaying());
        assertThatThrownBy(() -> trainer.output(folder, ORIGIN, true))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("replay_buffer.groups: the checksum is not that of the content")
                .hasMessageContaining("remove the checkpoint's folder");
        Files.delete(file);
        assertThatThrownBy(() -> trainer.output(folder, ORIGIN, true))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("replay_buffer.groups: the file is missing, and with it the")
                .hasMessageContaining("groups that buffer=replay keeps for later steps")
                .hasMessageContaining("remove the folder " + folder.resolve("checkpoint-2"))
                .hasMessageContaining("then --resume goes on from checkpoint-1")
                .hasMessageContaining("--model " + folder.resolve("checkpoint-2"));
        Files.move(folder.resolve("checkpoint-1"), folder.resolve("aside"));
        assertThatThrownBy(() -> trainer.output(folder, ORIGIN, true))
                .hasMessageContaining("then --resume begins at the first step again");
        Files.move(folder.resolve("checkpoint-2"), folder.resolve("aside-too"));
        CausalLM whole = TestModels.addition();
        trainer(whole, replaying()).train();
        CausalLM again = TestModels.addition();
        trainer(again, replaying()).output(folder, ORIGIN, true).train();
        assertThat(TestModels.bits(again)).as("as was said").isEqualTo(TestModels.bits(whole));
    }

    @ParameterizedTest
    @CsvSource({"replay_buffer.groups, groups that are kept", "batches_ahead.groups, rollouts that were made ahead"})
    @DisplayName("stored samples with tokens that the model does not have are one clear error before the first step")
    void tokensOfAnotherModel(String name, String what) {
        RlConfig config = replaying().toBuilder().maxStaleness(1).build();
        stopAfter(2, config);
        Path file = folder.resolve("checkpoint-2").resolve(name);
        List<ScoredGroup> groups = new ArrayList<>(GroupStore.read(file));
        int vocabulary = TestModels.addition().config().vocabularySize();
        groups.set(0, withToken(groups.getFirst(), vocabulary));
        GroupStore.write(file, groups);
        RlTrainer trainer = trainer(TestModels.addition(), config);
        assertThatThrownBy(() -> trainer.output(folder, ORIGIN, true))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("the last checkpoint in " + folder + ", " + what)
                .hasMessageContaining(
                        ", problem '" + groups.getFirst().group().problem().id() + "'")
                .hasMessageContaining("has the token " + vocabulary + ", and the model has " + vocabulary + " tokens")
                .hasMessageContaining("remove its folder to resume from an earlier one");
        groups.set(0, withToken(groups.getFirst(), vocabulary - 1));
        GroupStore.write(file, groups);
        trainer(TestModels.addition(), config).output(folder, ORIGIN, true).train();
    }

    /** The same group with another last token of each sample. */
    private static ScoredGroup withToken(ScoredGroup scored, int token) {
        List<Trajectory> samples = scored.group().samples().stream()
                .map(sample -> {
                    int[] tokens = sample.tokens().clone();
                    tokens[tokens.length - 1] = token;
                    return new Trajectory(
                            tokens,
                            sample.chosen(),
                            sample.logProbs(),
                            sample.versions(),
                            sample.finish(),
                            sample.episode());
                })
                .toList();
        Group group = scored.group();
        return new ScoredGroup(
                new Group(group.problem(), group.key(), group.promptLength(), samples),
                scored.texts(),
                scored.rewards(),
                scored.counts(),
                scored.solved(),
                scored.tokenRewards(),
                scored.parts(),
                scored.extra());
    }

    @Test
    @DisplayName("half of a step's groups are sampled for it, and older ones come with the log-probabilities of their"
            + " weights")
    void replayed() {
        List<TrainingStep> steps = new ArrayList<>();
        List<Map<String, Double>> metrics = new ArrayList<>();
        trainer(TestModels.addition(), config().buffer(BufferConfig.Kind.REPLAY).build())
                .observer((step, measured) -> steps.add(step))
                .listener(TrainingListener.eachStep(step -> metrics.add(step.values())))
                .train();
        for (int i = 1; i < steps.size(); i++) {
            TrainingStep step = steps.get(i);
            assertThat(step.sampled()).hasSize(2);
            assertThat(step.batch()).hasSize(4);
            long version = i;
            assertThat(step.batch().subList(0, 2)).allMatch(group -> versionOf(group.scored()) == version);
            assertThat(step.batch().subList(2, 4)).allMatch(group -> versionOf(group.scored()) < version);
            Map<String, Double> measured = metrics.get(i + 1); // behind that of before training
            assertThat(measured.get("buffer/replayed")).isEqualTo(0.5);
            assertThat(measured.get("sampling/sampling_logp_difference/max"))
                    .as("of its own samples")
                    .isZero();
        }
    }

    @Test
    @DisplayName("a small share of fresh groups asks for what it lacks at once: it is no reason to give up")
    void smallShare() {
        List<TrainingStep> steps = new ArrayList<>();
        List<Map<String, Double>> metrics = new ArrayList<>();
        trainer(
                        TestModels.addition(),
                        config().buffer(BufferConfig.Kind.REPLAY)
                                .bufferFresh(0.01)
                                .bufferMaxAge(1)
                                .dynamicSamplingMaxWaves(1)
                                .build())
                .observer((step, measured) -> steps.add(step))
                .listener(TrainingListener.eachStep(step -> metrics.add(step.values())))
                .train();
        assertThat(steps.stream().map(step -> step.sampled().size()).toList())
                .as("sampled; behind a step of its own groups three are too old")
                .containsExactly(4, 1, 3, 1, 3);
        assertThat(metrics).as("one wave each").noneMatch(step -> step.containsKey("rollout/waves"));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    @DisplayName("learn_from_segments holds for groups that come back: their tokens grow older")
    void segments(int age) {
        List<Map<String, Double>> metrics = new ArrayList<>();
        RlConfig recent = config().maxSteps(8)
                .maxCompletionLength(6)
                .temperature(1.5)
                .rolloutTokenBudget(2)
                .learnFromSegments(LearnedSegments.RECENT)
                .maxSegmentAge(age)
                .buffer(BufferConfig.Kind.REPLAY)
                .build();
        trainer(TestModels.addition(), recent)
                .observer((step, measured) -> step.batch()
                        .forEach(group -> group.scored().group().samples().forEach(sample -> {
                            for (int t = 0; t < sample.length(); t++) {
                                if (sample.chosen()[t]) {
                                    assertThat(sample.versions().at(t)).isGreaterThanOrEqualTo(step.number() - 1 - age);
                                }
                            }
                        })))
                .listener(TrainingListener.eachStep(step -> metrics.add(step.values())))
                .train();
        assertThat(metrics.stream()
                        .mapToDouble(step -> step.getOrDefault("rollout/age/max", 0.0))
                        .max()
                        .orElse(0))
                .isEqualTo(age);
        assertThat(metrics).anyMatch(step -> step.getOrDefault("buffer/replayed", 0.0) > 0);
    }

    static List<Method> methods() {
        return Methods.all();
    }

    @ParameterizedTest
    @MethodSource("methods")
    @DisplayName("every method that takes buffer_importance weighs tokens by it; the others say why not")
    void importanceOfEveryMethod(Method method) {
        RlConfig.Builder builder = config().maxSteps(3).method(method);
        if (ConfigTree.names((Record) method).contains("strict_on_policy")) {
            builder.set("strict_on_policy", false);
        }
        builder.buffer(BufferConfig.Kind.REPLAY).bufferImportance(1.5);
        RlConfig weighted;
        try {
            weighted = builder.build();
        } catch (IllegalArgumentException refused) {
            assertThat(refused)
                    .hasMessageMatching("(?s).*(buffer_importance would count twice|buffer=replay learns from).*");
            return;
        }
        List<Double> weights = new ArrayList<>();
        trainer(TestModels.addition(), weighted)
                .listener(TrainingListener.eachStep(
                        step -> weights.add(step.values().getOrDefault("buffer/importance_weight", -1.0))))
                .train();
        assertThat(weights.subList(1, 4))
                .as(method.name())
                .allMatch(weight -> weight > 0)
                .anyMatch(weight -> weight != 1);
    }

    private static long versionOf(dev.jacobian.rl.rollout.ScoredGroup group) {
        return group.group().samples().getFirst().versions().oldest();
    }

    @Test
    @DisplayName("a method without a ratio weighs replayed tokens, and its own by exactly 1")
    void importance() {
        List<Double> weights = new ArrayList<>();
        trainer(
                        TestModels.addition(),
                        config().algorithm("reinforce")
                                .set("strict_on_policy", false)
                                .buffer(BufferConfig.Kind.REPLAY)
                                .bufferImportance(2)
                                .build())
                .listener(TrainingListener.eachStep(step -> {
                    if (step.step() > 0) {
                        weights.add(step.values().get("buffer/importance_weight"));
                    }
                }))
                .train();
        assertThat(weights.getFirst()).as("all are its own").isEqualTo(1.0);
        assertThat(weights.subList(1, 5)).allMatch(weight -> weight > 0 && weight != 1 && weight < 2);
    }

    @Test
    @DisplayName("dynamic sampling is any method's: groups that teach nothing are replaced, and counted")
    void dynamicSampling() {
        List<TrainingStep> steps = new ArrayList<>();
        List<Map<String, Double>> metrics = new ArrayList<>();
        trainer(TestModels.addition(), config().dynamicSampling(true).build())
                .observer((step, measured) -> steps.add(step))
                .listener(TrainingListener.eachStep(step -> metrics.add(step.values())))
                .train();
        double discarded = 0;
        int sampled = 0;
        for (TrainingStep step : steps) {
            assertThat(step.batch())
                    .hasSize(4)
                    .noneMatch(group -> group.advantages().isZero());
            sampled += step.sampled().size();
        }
        for (Map<String, Double> measured : metrics) {
            discarded += measured.getOrDefault("rollout/discarded", 0.0);
        }
        assertThat(discarded).isPositive().isLessThanOrEqualTo(sampled - 5 * 4.0);
        assertThatThrownBy(() -> trainer(
                                TestModels.addition(),
                                config().dynamicSampling(true)
                                        .dynamicSamplingMaxWaves(1)
                                        .temperature(0.01)
                                        .build())
                        .train())
                .hasMessageContaining("step 1: of 4 groups")
                .hasMessageContaining("it asked for 1 steps' worth, which is dynamic_sampling_max_waves");
    }
}
