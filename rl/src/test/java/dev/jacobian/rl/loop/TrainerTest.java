// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.rl.TestModels;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.MemoryConfig;
import dev.jacobian.rl.config.OptimizationConfig;
import dev.jacobian.rl.learn.LossValue;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.LabelledBatch;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A loop of one's own: losses and their derivatives, gradients that add up, exact resumption, one number for a log-probability. */
class TrainerTest {
    private static final OptimizationConfig USUAL = ConfigTree.defaults(OptimizationConfig.class);

    @TempDir
    Path folder;

    private static Trainer trainer(int microBatchTokens) {
        return new Trainer(TestModels.addition(), USUAL, new MemoryConfig(microBatchTokens, false, false));
    }

    private static List<Datum> sums(CausalLM model, int from) {
        List<Datum> data = new ArrayList<>();
        for (int a = from; a < from + 5; a++) {
            data.add(Datum.of(
                    model.tokenizer().encode(a + "+" + 3 * a + "=", false),
                    model.tokenizer().encode("" + 4 * a, false)));
        }
        return data;
    }

    /** A step of reinforcement learning: what was sampled, one half liked. */
    private static void step(Trainer trainer, int step) {
        int[] prompt = trainer.model().tokenizer().encode("1" + step + "+7=", false);
        List<Generation> samples = trainer.sample(prompt, 4, GenerationConfig.sampling(6, 1f, step));
        List<Datum> batch = new ArrayList<>();
        for (Generation sample : samples) {
            batch.add(Datum.of(prompt, sample.tokenIds())
                    .with("logprobs", sample.logProbs())
                    .with("advantages", batch.size() % 2 == 0 ? 1f : -1f));
        }
        trainer.forwardBackward(batch, LossFunctions.ppo(0.8, 1.2));
        trainer.optimStep(1e-3);
    }

    @Test
    @DisplayName("a loop that goes on from a saved state computes the bits of one that was not interrupted")
    void resumed() {
        try (Trainer whole = trainer(4096);
                Trainer first = trainer(4096);
                Trainer second = trainer(4096)) {
            for (int step = 0; step < 6; step++) {
                step(whole, step);
            }
            for (int step = 0; step < 3; step++) {
                step(first, step);
            }
            first.saveState(folder.resolve("state"));
            step(second, 0); // what it has done before does not matter
            second.loadState(folder.resolve("state"));
            for (int step = second.steps(); step < 6; step++) {
                step(second, step);
            }
            assertThat(TestModels.bits(second.model()))
                    .isEqualTo(TestModels.bits(whole.model()))
                    .isNotEqualTo(TestModels.bits(first.model()));
        }
    }

    @Test
    @DisplayName("what was just sampled has the ratio 1 exactly, in parts and on one thread too")
    void onPolicy() {
        int threads = ComputePool.threads();
        try (Trainer trainer = trainer(16)) {
            int[] prompt = trainer.model().tokenizer().encode("12+7=", false);
            List<Generation> samples = trainer.sample(prompt, 5, GenerationConfig.sampling(6, 1f, 3));
            List<Datum> batch = samples.stream()
                    .map(sample -> Datum.of(prompt, sample.tokenIds()))
                    .toList();
            ComputePool.setThreads(1);
            Scored scored = trainer.forward(batch);
            Scored learned =
                    trainer.forwardBackward(batch, LossFunctions.crossEntropy()).scored();
            for (int i = 0; i < samples.size(); i++) {
                assertThat(scored.logProbs(i)).isEqualTo(samples.get(i).logProbs());
                assertThat(learned.logProbs(i)).isEqualTo(samples.get(i).logProbs());
            }
        } finally {
            ComputePool.setThreads(threads);
        }
    }

    @Test
    @DisplayName("a loss of one's own is the built-in one, in one pass or in parts, in one call or in two")
    void ownLoss() {
        LossFunction own = batch -> {
            double value = 0;
            double[] slopes = new double[batch.count()];
            for (int t = 0; t < slopes.length; t++) {
                slopes[t] = -1;
                value -= batch.logProbs()[t];
            }
            return new LossValue(value, slopes);
        };
        List<List<Integer>> bits = new ArrayList<>();
        List<Double> losses = new ArrayList<>();
        for (IntFunction<LossFunction> loss :
                List.<IntFunction<LossFunction>>of(i -> own, i -> LossFunctions.crossEntropy())) {
            for (int limit : new int[] {4096, 12}) {
                try (Trainer trainer = trainer(limit)) {
                    losses.add(trainer.forwardBackward(sums(trainer.model(), 10), loss.apply(0))
                            .loss());
                    trainer.optimStep(1e-3);
                    bits.add(TestModels.bits(trainer.model()));
                }
            }
        }
        assertThat(losses).allSatisfy(loss -> assertThat(loss).isEqualTo(losses.getFirst()));
        assertThat(bits.get(2)).isEqualTo(bits.get(0)); // the same passes
        assertThat(bits.get(3)).isEqualTo(bits.get(1));
        try (Trainer twice = trainer(12)) {
            List<Datum> data = sums(twice.model(), 10);
            twice.forwardBackward(data.subList(0, 2), own);
            twice.forwardBackward(data.subList(2, 5), own);
            assertThat(twice.optimStep(1e-3).loss()).isCloseTo(losses.getFirst(), within(1e-4));
        }
    }

    private static int tokens(List<LabelledBatch> parts) {
        return parts.stream().mapToInt(part -> part.tokens().length).sum();
    }

    @Test
    @DisplayName("a prompt of data one behind the other is computed once in each part")
    void sharedPrompt() {
        int[] prompt = {1, 2, 3, 4, 5};
        Datum one = Datum.of(prompt, new int[] {6, 7, 8});
        Datum two = Datum.of(prompt, new int[] {6});
        Datum three = Datum.of(prompt, new int[] {9, 10});
        Datum other = Datum.of(new int[] {1, 2, 3, 4, 9}, new int[] {6, 7});
        assertThat(tokens(PackedData.cut(List.of(one), 99, false))).isEqualTo(5 + 2);
        assertThat(tokens(PackedData.cut(List.of(one, two, three), 99, false))).isEqualTo(5 + 2 + 0 + 1);
        assertThat(tokens(PackedData.cut(List.of(one, three, other, two), 99, false)))
                .as("another prompt between them")
                .isEqualTo(5 + 2 + 1 + (5 + 1) + 5);
        List<LabelledBatch> parts = PackedData.cut(List.of(one, three, two, one), 8, false);
        assertThat(parts).as("in parts of 8 tokens").hasSize(2);
        assertThat(parts).allSatisfy(part -> assertThat(part.tokens()).hasSizeLessThanOrEqualTo(8));
        assertThat(parts.getFirst().rows()).containsExactly(4, 5, 6, 4, 7, 4);
        assertThat(parts.getFirst().targets()).containsExactly(6, 7, 8, 9, 10, 6);
    }

    @Test
    @DisplayName("a group has the log-probabilities of its samples alone, bit for bit, and the sum of their gradients")
    void sharedPromptsGradient() {
        int threads = ComputePool.threads();
        try (Trainer alone = trainer(4096);
                Trainer together = trainer(4096);
                Trainer onOneThread = trainer(4096)) {
            int[] prompt = alone.model().tokenizer().encode("12+7=", false);
            List<Datum> group = alone.sample(prompt, 4, GenerationConfig.sampling(6, 1f, 3)).stream()
                    .map(sample -> Datum.of(prompt, sample.tokenIds()))
                    .toList();
            List<float[]> expected = new ArrayList<>();
            for (Datum datum : group) {
                expected.add(alone.forwardBackward(List.of(datum), LossFunctions.crossEntropy())
                        .scored()
                        .logProbs());
            }
            Scored scored = together.forwardBackward(group, LossFunctions.crossEntropy())
                    .scored();
            for (int i = 0; i < group.size(); i++) {
                assertThat(scored.logProbs(i)).isEqualTo(expected.get(i));
            }
            ComputePool.setThreads(1);
            onOneThread.forwardBackward(group, LossFunctions.crossEntropy());
            for (int p = 0; p < alone.model().parameters().size(); p++) {
                float[] apart = gradient(alone, p);
                assertThat(gradient(together, p)).containsExactly(apart, within(1e-4f));
                assertThat(gradient(onOneThread, p)).isEqualTo(gradient(together, p));
            }
        } finally {
            ComputePool.setThreads(threads);
        }
    }

    private static float[] gradient(Trainer trainer, int parameter) {
        return trainer.model().parameters().get(parameter).grad().orElseThrow().toFloatArray();
    }

    static Stream<LossFunction> losses() {
        return Stream.of(
                LossFunctions.crossEntropy(),
                LossFunctions.importanceSampling(),
                LossFunctions.named("ppo", Map.of("clip_low_threshold", 0.5)),
                LossFunctions.named("dro", Map.of("beta", 0.3)));
    }

    private static Scored batch(float... logProbs) {
        Datum datum = Datum.of(new int[] {1}, new int[logProbs.length])
                .with("logprobs", new float[] {-1f, -1f, -1f, -1f})
                .with("advantages", new float[] {1f, -1f, 0.5f, -2f})
                .with("weights", new float[] {1f, 1f, 0f, 0.5f});
        return new Scored(List.of(datum), logProbs);
    }

    @ParameterizedTest
    @MethodSource("losses")
    @DisplayName("the derivative that a loss says is that of its value")
    void derivative(LossFunction loss) {
        float[] at = {-0.75f, -1.5f, -2f, -0.5f};
        float h = 1f / 4096;
        LossValue here = loss.of(batch(at));
        for (int t = 0; t < at.length; t++) {
            float[] up = at.clone();
            float[] down = at.clone();
            up[t] += h;
            down[t] -= h;
            double slope = (loss.of(batch(up)).value() - loss.of(batch(down)).value()) / (2 * h);
            assertThat(here.derivatives()[t]).as("target %s", t).isCloseTo(slope, within(1e-6));
        }
    }

    @Test
    @DisplayName("on policy all policy gradients are one; cispo keeps the gradient that ppo clips away")
    void identities() {
        Scored same = batch(-1f, -1f, -1f, -1f);
        double[] wanted = {-1, 1, -0.0, 1};
        for (String name : List.of("importance_sampling", "ppo", "cispo", "dro")) {
            assertThat(LossFunctions.named(name, Map.of()).of(same).derivatives())
                    .as(name)
                    .containsExactly(wanted);
        }
        Scored likelier = batch(0f, -1f, -1f, -1f); // r = e where the advantage is 1
        assertThat(LossFunctions.ppo(0.8, 1.2).of(likelier).derivatives()[0]).isZero();
        assertThat(LossFunctions.cispo(0, 2).of(likelier).derivatives()[0]).isEqualTo(-2);
    }

    @Test
    @DisplayName("misuse is named")
    void misuse() {
        try (Trainer trainer = trainer(4096)) {
            List<Datum> data = sums(trainer.model(), 10);
            assertThatThrownBy(() -> trainer.optimStep(1e-3)).hasMessageContaining("call forwardBackward first");
            assertThatThrownBy(() -> trainer.forwardBackward(data, LossFunctions.importanceSampling()))
                    .hasMessageContaining("datum 0 has no 'logprobs'");
            assertThatThrownBy(() -> trainer.forwardBackward(data, batch -> new LossValue(0, new double[1])))
                    .hasMessageContaining("1 derivatives for");
            trainer.forwardBackward(data, LossFunctions.crossEntropy());
            assertThatThrownBy(() -> trainer.saveState(folder.resolve("s"))).hasMessageContaining("wait for optimStep");
            List<Integer> before = TestModels.bits(trainer.model());
            trainer.forwardBackward(data, batch -> new LossValue(Double.NaN, new double[batch.count()]));
            assertThatThrownBy(() -> trainer.optimStep(1e-3)).hasMessageContaining("the loss is NaN");
            assertThat(TestModels.bits(trainer.model())).isEqualTo(before);
            trainer.forwardBackward(data, LossFunctions.crossEntropy());
            assertThat(trainer.optimStep(1e-3).loss()).isFinite(); // nothing of the failure is left
        }
        assertThatThrownBy(() -> LossFunctions.named("ppo", Map.of("beta", 1.0)))
                .hasMessageContaining("takes no 'beta'");
        assertThatThrownBy(() -> LossFunctions.named("grpo", Map.of())).hasMessageContaining("unknown loss 'grpo'");
        assertThatThrownBy(() -> Datum.of(new int[1], new int[2]).with("weights", new float[3]))
                .hasMessageContaining("3 numbers for 2 targets");
    }
}
