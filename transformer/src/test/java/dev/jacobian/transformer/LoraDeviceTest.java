// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static dev.jacobian.testing.Bits.assertBits;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.optim.AdamW;
import dev.jacobian.autograd.optim.AdamWConfig;
import dev.jacobian.autograd.optim.GradientClipping;
import dev.jacobian.io.Json;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Generator;
import dev.jacobian.transformer.lora.AdapterSource;
import dev.jacobian.transformer.lora.LoraConfigReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Adapters on a GPU: batch-invariant in F32 the bits of the CPU, in the forward pass, in generation and in training. */
class LoraDeviceTest {
    private static final Path MODEL = TestPaths.model("qwen3");

    private ModelOptions there;

    @BeforeEach
    void device() {
        there = TestModels.placement(true);
        Assumptions.assumeFalse(there.device().equals(Device.CPU), "no device named");
    }

    /** B is not zero, so that the adapter matters. */
    private static AdapterSource adapter(String more) {
        String json = "{\"r\": 3, \"lora_alpha\": 6, \"init_lora_weights\": false" + more + "}";
        return new AdapterSource.Fresh(LoraConfigReader.parse(Json.parse(json, "adapter"), "adapter"), 5);
    }

    private static CausalLM load(ModelOptions options, WeightFormat format, String more) {
        return CausalLM.load(MODEL, options.weights(format), adapter(more));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "F32 | , \"target_modules\": \"all-linear\"",
                "BF16 | , \"target_modules\": \"all-linear\"",
                "Q8_0 | , \"target_modules\": [\"q_proj\", \"lm_head\"]",
                "F32 | , \"target_modules\": [\"v_proj\", \"down_proj\"], \"use_dora\": true",
                "F32 | , \"target_modules\": [\"embed_tokens\", \"o_proj\"], \"modules_to_save\": [\"lm_head\"]"
            })
    @DisplayName("logits, continuations, and three steps of training, with the adapter and without")
    void sameBits(WeightFormat format, String more) {
        List<float[]> here = run(load(ModelOptions.DEFAULT, format, more));
        List<float[]> device = run(load(there, format, more));
        assertThat(device).hasSameSizeAs(here);
        for (int i = 0; i < here.size(); i++) {
            assertBits(format + more + ", number " + i, device.get(i), here.get(i));
        }
    }

    /** All that a run computes. */
    private static List<float[]> run(CausalLM model) {
        List<float[]> numbers = new ArrayList<>();
        int vocabulary = model.config().vocabularySize();
        int[] tokens = TestModels.tokens(4, 17, vocabulary);
        numbers.add(model.logits(tokens).toFloatArray());
        numbers.add(model.withoutAdapter().logits(tokens).toFloatArray());
        AdamW optimizer = new AdamW(model.parameters(), AdamWConfig.DEFAULT.withWeightDecay(0.01));
        try (TrainingPass pass = new TrainingPass(model)) {
            for (int step = 0; step < 3; step++) {
                int seed = step;
                new Workspace().run(() -> {
                    int[] row = TestModels.tokens(seed, 9, vocabulary);
                    LabelledBatch batch = LabelledBatch.of(List.of(row, tokens), List.of(row, tokens));
                    float[] weights = new float[batch.targets().length];
                    Arrays.fill(weights, 1f / weights.length);
                    numbers.add(new float[] {(float) pass.run(batch, weights)});
                });
                for (Parameter parameter : model.parameters()) {
                    numbers.add(parameter.grad().orElseThrow().toFloatArray());
                }
                GradientClipping.Norm norm = GradientClipping.measure(model.parameters(), 0.1);
                optimizer.step(1e-2, norm.scale());
                optimizer.zeroGrad();
            }
        }
        for (Parameter parameter : model.parameters()) {
            numbers.add(parameter.value().toFloatArray());
        }
        Generation sampled = new Generator(model)
                .generate(List.of(new int[] {5, 7, 9}), 1, GenerationConfig.sampling(8, 1f, 3))
                .get(0)
                .get(0);
        numbers.add(sampled.logProbs());
        return numbers;
    }

    @Test
    @DisplayName("PEFT's adapter is loaded onto the device")
    void saved() {
        Path golden = TestPaths.testdata("training", "peft-logits-dora");
        Path base = TestPaths.testdata("training", "models", "tiny-llama");
        AdapterSource adapter = new AdapterSource.Saved(golden.resolve("adapter"));
        int[] tokens = {5, 17, 200, 31, 8};
        assertBits(
                "logits",
                CausalLM.load(base, there, adapter).logits(tokens).toFloatArray(),
                CausalLM.load(base, ModelOptions.DEFAULT, adapter)
                        .logits(tokens)
                        .toFloatArray());
    }
}
