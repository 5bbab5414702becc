// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static dev.jacobian.testing.Bits.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.optim.AdamW;
import dev.jacobian.autograd.optim.AdamWConfig;
import dev.jacobian.autograd.optim.GradientClipping;
import dev.jacobian.io.safetensors.SafetensorsFile;
import dev.jacobian.testing.TestJson;
import dev.jacobian.transformer.lora.AdapterSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Fine-tuning of adapters as TRL's SFTTrainer did it with PEFT, from the tokens that it made: loss and gradient norm of every step, and the
 * adapter in the end.
 */
class LoraTrainingTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path temporary;

    static Stream<Path> cases() throws IOException {
        return LoraGoldenTest.cases()
                .filter(folder -> folder.getFileName().toString().startsWith("peft-sft"));
    }

    private static List<JsonNode> lines(Path file) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            lines.add(JSON.readTree(line));
        }
        return lines;
    }

    /** AdamW that decays everything but biases. */
    private static List<AdamW> optimizers(List<Parameter> parameters, JsonNode config) {
        AdamWConfig decaying = new AdamWConfig(
                config.get("adam_beta1").doubleValue(),
                config.get("adam_beta2").doubleValue(),
                config.get("adam_epsilon").doubleValue(),
                config.get("weight_decay").doubleValue());
        return List.of(
                new AdamW(
                        parameters.stream()
                                .filter(p -> !p.name().endsWith(".bias"))
                                .toList(),
                        decaying),
                new AdamW(
                        parameters.stream()
                                .filter(p -> p.name().endsWith(".bias"))
                                .toList(),
                        decaying.withWeightDecay(0)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    @DisplayName("loss and gradient norm of every step, and the adapter in the end")
    void trained(Path folder) throws IOException {
        JsonNode config = TestJson.read(folder.resolve("config.json"));
        JsonNode noise = TestJson.read(folder.resolve("noise.json"));
        List<JsonNode> rows = lines(folder.resolve("tokens.jsonl"));
        CausalLM model = CausalLM.load(
                LoraGoldenTest.base(folder),
                ModelOptions.DEFAULT,
                new AdapterSource.Saved(folder.resolve("adapter_init")));
        List<Parameter> parameters = model.parameters();
        List<AdamW> optimizers = optimizers(parameters, config);
        int window = config.get("per_device_train_batch_size").intValue()
                * config.get("gradient_accumulation_steps").intValue();
        int steps = config.get("max_steps").intValue();
        int next = 0;
        try (TrainingPass pass = new TrainingPass(model)) {
            for (JsonNode golden : lines(folder.resolve("trace64.jsonl"))) {
                List<int[]> sequences = new ArrayList<>();
                List<int[]> labels = new ArrayList<>();
                for (int i = 0; i < window && next < rows.size(); i++, next++) {
                    sequences.add(TestJson.ints(rows.get(next).get("input_ids")));
                    labels.add(TestJson.ints(rows.get(next).get("labels")));
                }
                next = next == rows.size() ? 0 : next;
                LabelledBatch batch = LabelledBatch.of(sequences, labels);
                float[] weights = new float[batch.targets().length];
                Arrays.fill(weights, 1f / weights.length);
                double loss = pass.run(batch, weights);
                GradientClipping.Norm norm = GradientClipping.measure(
                        parameters, config.get("max_grad_norm").doubleValue());
                int step = golden.get("step").intValue();
                assertThat(loss)
                        .as("loss of step " + step)
                        .isEqualTo(golden.get("loss").doubleValue(), within(tolerance(noise, golden, "loss")));
                assertThat(norm.norm())
                        .as("gradient norm of step " + step)
                        .isEqualTo(
                                golden.get("grad_norm").doubleValue(), within(tolerance(noise, golden, "grad_norm")));
                double rate = config.get("learning_rate").doubleValue() * (steps - step + 1) / steps;
                optimizers.forEach(optimizer -> {
                    optimizer.step(rate, norm.scale());
                    optimizer.zeroGrad();
                });
            }
        }
        Path own = temporary.resolve("adapter");
        model.save(own);
        double tolerance = 4 * noise.get("final_weights_max_abs").doubleValue() + 2e-6;
        try (SafetensorsFile trained = SafetensorsFile.open(own.resolve("adapter_model.safetensors"));
                SafetensorsFile golden =
                        SafetensorsFile.open(folder.resolve("adapter").resolve("adapter_model.safetensors"))) {
            assertThat(trained.names()).isEqualTo(golden.names());
            for (String name : golden.names()) {
                assertClose(
                        name,
                        trained.read(name).toFloatArray(),
                        golden.read(name).toFloatArray(),
                        tolerance);
            }
        }
    }

    private static double tolerance(JsonNode noise, JsonNode golden, String metric) {
        return 4 * noise.get("trace_max_abs").get(metric).doubleValue()
                + 2e-6 * Math.max(1, golden.get(metric).doubleValue());
    }
}
