// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.testing.fuzz.Bytes;
import dev.jacobian.testing.fuzz.Choices;
import dev.jacobian.testing.fuzz.Fuzz;
import dev.jacobian.testing.fuzz.JsonMutator;
import dev.jacobian.transformer.family.Families;
import dev.jacobian.transformer.lora.AdapterSource;
import dev.jacobian.transformer.lora.LoraConfigReader;
import dev.jacobian.transformer.lora.LoraConfigWriter;
import dev.jacobian.transformer.lora.LoraPlan;
import dev.jacobian.transformer.plan.DecoderPlan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Broken adapters: a clear error, or a model that computes with them. */
class AdapterFuzzTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private static List<Path> adapters() throws IOException {
        try (Stream<Path> cases = Files.list(TestPaths.testdata("training"))) {
            return cases.map(one -> one.resolve("adapter"))
                    .filter(Files::isDirectory)
                    .sorted()
                    .toList();
        }
    }

    @Test
    @DisplayName("adapter_config.json: read, planned on a model, written again")
    void configurations() throws IOException {
        List<JsonNode> corpus = new ArrayList<>();
        for (Path adapter : adapters()) {
            corpus.add(JSON.readTree(adapter.resolve(LoraConfigReader.FILE).toFile()));
        }
        DecoderPlan model = Families.read(TestPaths.testdata("training", "models", "tiny-llama"))
                .plan();
        int inputs = Fuzz.inputs(1500);
        int read = Fuzz.run(
                inputs,
                11,
                choices -> configuration(corpus, choices),
                input -> {
                    Files.write(folder.resolve(LoraConfigReader.FILE), input);
                    LoraPlan plan = LoraPlan.of(LoraConfigReader.read(folder), model, "fuzz");
                    assertThat(plan.parameters()).isPositive();
                    Json.compact(LoraConfigWriter.write(plan, Optional.empty()));
                },
                FormatException.class::isInstance);
        assertThat(read).isBetween(inputs / 50, inputs - inputs / 50);
    }

    private static byte[] configuration(List<JsonNode> corpus, Choices choices) {
        try {
            byte[] bytes = JSON.writeValueAsBytes(JsonMutator.mutate(choices.of(corpus), choices));
            return choices.oneIn(10) ? Bytes.mutate(bytes, choices) : bytes;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    @DisplayName("adapter_model.safetensors: read into a model")
    void tensors() throws IOException {
        Path adapter = TestPaths.testdata("training", "peft-logits-dora", "adapter");
        Files.copy(adapter.resolve(LoraConfigReader.FILE), folder.resolve(LoraConfigReader.FILE));
        byte[] whole = Files.readAllBytes(adapter.resolve("adapter_model.safetensors"));
        CausalLM base = CausalLM.load(TestPaths.testdata("training", "models", "tiny-llama"));
        int inputs = Fuzz.inputs(800);
        int read = Fuzz.run(
                inputs,
                12,
                choices -> Bytes.mutate(whole, choices),
                input -> {
                    Files.write(folder.resolve("adapter_model.safetensors"), input);
                    base.withAdapter(new AdapterSource.Saved(folder), WeightFormat.F32);
                },
                FormatException.class::isInstance);
        assertThat(read).isBetween(1, inputs - inputs / 50);
    }
}
