// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static dev.jacobian.testing.Bits.assertBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.Reduction;
import dev.jacobian.autograd.Var;
import dev.jacobian.autograd.optim.AdamW;
import dev.jacobian.autograd.optim.AdamWConfig;
import dev.jacobian.autograd.optim.GradientClipping;
import dev.jacobian.tensor.Arithmetic;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.testing.Bits;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Generator;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whole models on a GPU: batch-invariant in F32 the bits of the CPU, in BF16 near them and the same in sampling and scoring.
 * Runs where {@code jacobian.test.device} names one.
 */
class ModelDeviceTest {
    private ModelOptions there;

    @BeforeEach
    void device() {
        there = TestModels.placement(true);
        Assumptions.assumeFalse(there.device().equals(Device.CPU), "no device named");
    }

    private static List<int[]> batch(CausalLM model, int... lengths) {
        List<int[]> batch = new ArrayList<>();
        for (int length : lengths) {
            batch.add(TestModels.tokens(length, length, model.config().vocabularySize()));
        }
        return batch;
    }

    @Test
    @DisplayName("continuations of continuations: scored as on the CPU, their gradient is refused")
    void forest() {
        CausalLM here = CausalLM.load(TestPaths.model("qwen3"));
        CausalLM device = CausalLM.load(TestPaths.model("qwen3"), there);
        Segments segments = Segments.of(new int[] {9, 4, 3, 17, 1}, new int[] {-1, 0, 1, 1, 0});
        int[] tokens = TestModels.tokens(8, segments.rows(), here.config().vocabularySize());
        new Workspace()
                .run(() -> NoGrad.run(() -> assertBits(
                        "hidden states",
                        device.hidden(tokens, segments).value().toFloatArray(),
                        here.hidden(tokens, segments).value().toFloatArray())));
        new Workspace().run(() -> {
            Var sum = Reduction.sum(device.hidden(tokens, segments));
            assertThatThrownBy(sum::backward).hasMessageContaining("where a continuation is continued");
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama-bias-linear", "llama-llama3rope-bf16", "mistral-swa-f16", "qwen2-yarn", "qwen3"})
    @DisplayName("losses, gradients and weights along clipped AdamW steps are those of the CPU, bit for bit")
    void training(String name) {
        Path folder = TestPaths.model(name);
        CausalLM here = CausalLM.load(folder);
        CausalLM device = CausalLM.load(folder, there);
        Workspace workspace = new Workspace();
        AdamW hereOptimizer = new AdamW(here.parameters(), AdamWConfig.DEFAULT.withWeightDecay(0.01));
        AdamW deviceOptimizer = new AdamW(device.parameters(), AdamWConfig.DEFAULT.withWeightDecay(0.01));
        for (int step = 0; step < 3; step++) {
            List<int[]> batch = batch(here, 7 + step, 1 + 3 * step, 20);
            String what = name + " step " + step;
            workspace.run(() -> {
                Var wanted = here.loss(batch, batch);
                Var got = device.loss(batch, batch);
                assertBits(
                        what + " loss",
                        got.value().toFloatArray(),
                        wanted.value().toFloatArray());
                wanted.backward();
                got.backward();
            });
            for (Parameter parameter : here.parameters()) {
                assertBits(
                        what + " gradient of " + parameter.name(),
                        device.parameter(parameter.name()).grad().orElseThrow().toFloatArray(),
                        parameter.grad().orElseThrow().toFloatArray());
            }
            GradientClipping.Norm wanted = GradientClipping.measure(here.parameters(), 0.1);
            GradientClipping.Norm got = GradientClipping.measure(device.parameters(), 0.1);
            assertThat(got).isEqualTo(wanted);
            hereOptimizer.step(1e-2, wanted.scale());
            deviceOptimizer.step(1e-2, got.scale());
            hereOptimizer.zeroGrad();
            deviceOptimizer.zeroGrad();
        }
        for (Parameter parameter : here.parameters()) {
            assertBits(
                    name + " " + parameter.name(),
                    device.parameter(parameter.name()).value().toFloatArray(),
                    parameter.value().toFloatArray());
        }
    }

    @Test
    @DisplayName("sampled tokens and their log-probabilities are those of the CPU, with filters too")
    void sampling() {
        Path folder = TestPaths.model("qwen3");
        CausalLM here = CausalLM.load(folder);
        CausalLM device = CausalLM.load(folder, there);
        List<int[]> prompts = batch(here, 5, 18, 1);
        for (GenerationConfig config : List.of(
                GenerationConfig.sampling(12, 1.3f, 5),
                GenerationConfig.greedy(6),
                GenerationConfig.builder()
                        .maxNewTokens(6)
                        .temperature(0.8f)
                        .topK(9)
                        .topP(0.9f)
                        .seed(4)
                        .build())) {
            List<List<Generation>> wanted = new Generator(here).generate(prompts, 3, config);
            List<List<Generation>> got = new Generator(device).generate(prompts, 3, config);
            for (int p = 0; p < prompts.size(); p++) {
                for (int s = 0; s < 3; s++) {
                    String what = config + " prompt " + p + " sample " + s;
                    assertThat(got.get(p).get(s).tokenIds())
                            .as(what)
                            .isEqualTo(wanted.get(p).get(s).tokenIds());
                    assertBits(
                            what,
                            got.get(p).get(s).logProbs(),
                            wanted.get(p).get(s).logProbs());
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.MATCH_NONE, names = ".*_K")
    @DisplayName("weights in every format give the CPU's logits")
    void formats(WeightFormat format) {
        Path folder = TestPaths.model("llama-mha-tied");
        CausalLM here = CausalLM.load(folder, format);
        CausalLM device = CausalLM.load(folder, there.weights(format));
        int[] tokens = batch(here, 21).get(0);
        assertBits(
                format.label(),
                device.logits(tokens).toFloatArray(),
                here.logits(tokens).toFloatArray());
    }

    @Test
    @DisplayName("TF32 rounds in a model that asks for it, and not in a batch-invariant one beside it")
    void tf32() {
        Path folder = TestPaths.model("llama-mha-tied");
        CausalLM device = CausalLM.load(folder, there);
        int[] tokens = batch(device, 21).get(0);
        float[] exact = device.logits(tokens).toFloatArray();
        CausalLM rounding = CausalLM.load(folder, TestModels.placement(Arithmetic.TF32));
        float[] rounded = rounding.logits(tokens).toFloatArray();
        assertBits("batch-invariant", device.logits(tokens).toFloatArray(), exact);
        assertThat(rounded).isNotEqualTo(exact);
        Bits.assertClose("TF32", rounded, exact, 0.02); // 2^-11 of inputs, through two layers
    }

    @Test
    @DisplayName("activation checkpointing changes no bit")
    void checkpointing() {
        Path folder = TestPaths.model("qwen3");
        CausalLM device = CausalLM.load(folder, there);
        List<int[]> batch = batch(device, 9, 14);
        List<float[]> gradients = new ArrayList<>();
        for (boolean checkpoints : new boolean[] {false, true}) {
            device.gradientCheckpointing(checkpoints);
            device.parameters().forEach(Parameter::clearGrad);
            new Workspace().run(() -> device.loss(batch, batch).backward());
            device.parameters()
                    .forEach(p -> gradients.add(p.grad().orElseThrow().toFloatArray()));
        }
        int half = gradients.size() / 2;
        for (int i = 0; i < half; i++) {
            assertBits(device.parameters().get(i).name(), gradients.get(half + i), gradients.get(i));
        }
    }

    @Test
    @DisplayName("a model saved on the device is the one loaded, and moves back with its bits")
    void saving(@TempDir Path folder) {
        Path golden = TestPaths.model("qwen3");
        CausalLM here = CausalLM.load(golden);
        CausalLM device = here.to(there.device(), DType.F32);
        device.save(folder.resolve("saved"));
        CausalLM back = CausalLM.load(folder.resolve("saved"));
        for (Parameter parameter : here.parameters()) {
            assertBits(
                    parameter.name(),
                    back.parameter(parameter.name()).value().toFloatArray(),
                    parameter.value().toFloatArray());
        }
    }

    @Test
    @DisplayName("BF16: near F32, and a decoded token has the log-probability that scoring gives it")
    void bf16() {
        Path folder = TestPaths.model("llama-gqa");
        CausalLM here = CausalLM.load(folder);
        CausalLM device = CausalLM.load(folder, there.computingIn(DType.BF16));
        int[] prompt = batch(here, 11).get(0);
        Generation generation = new Generator(device)
                .generate(List.of(prompt), 1, GenerationConfig.sampling(9, 1f, 3))
                .get(0)
                .get(0);
        int[] tokens = IntStream.concat(Arrays.stream(prompt), Arrays.stream(generation.tokenIds()))
                .toArray();
        int n = generation.tokenIds().length;
        int[] rows = IntStream.range(prompt.length - 1, tokens.length - 1).toArray();
        float[] scored = NoGrad.compute(() -> device.logProbs(
                        device.hidden(tokens, Segments.of(tokens.length)), rows, generation.tokenIds(), 1f)
                .logProbs()
                .value()
                .toFloatArray());
        float[] exact = NoGrad.compute(
                () -> here.logProbs(here.hidden(tokens, Segments.of(tokens.length)), rows, generation.tokenIds(), 1f)
                        .logProbs()
                        .value()
                        .toFloatArray());
        assertBits("sampled and scored", generation.logProbs(), scored);
        // 2^-8 per rounding, some dozens of roundings on the way to logits of this size
        Bits.assertClose("near F32", scored, exact, 0.1);
        assertThat(scored).hasSize(n).isNotEqualTo(exact);
    }

    @Test
    @DisplayName("BF16 gradients point where those of F32 do")
    void bf16Gradients() {
        Path folder = TestPaths.model("qwen3");
        CausalLM here = CausalLM.load(folder);
        CausalLM device = CausalLM.load(folder, there.computingIn(DType.BF16));
        List<int[]> batch = batch(here, 19, 6);
        new Workspace().run(() -> {
            here.loss(batch, batch).backward();
            device.loss(batch, batch).backward();
        });
        for (Parameter parameter : here.parameters()) {
            float[] exact = parameter.grad().orElseThrow().toFloatArray();
            float[] got =
                    device.parameter(parameter.name()).grad().orElseThrow().toFloatArray();
            double dot = 0;
            double ofExact = 0;
            double ofGot = 0;
            for (int i = 0; i < exact.length; i++) {
                dot += (double) exact[i] * got[i];
                ofExact += (double) exact[i] * exact[i];
                ofGot += (double) got[i] * got[i];
            }
            assertThat(dot / Math.sqrt(ofExact * ofGot)).as(parameter.name()).isGreaterThan(0.995);
            assertThat(Math.sqrt(ofGot / ofExact)).as(parameter.name()).isBetween(0.97, 1.03);
        }
    }
}
