// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.gguf.GgufCheckpoint;
import dev.jacobian.io.gguf.GgufMetadata;
import dev.jacobian.io.gguf.GgufTensor;
import dev.jacobian.io.gguf.GgufType;
import dev.jacobian.io.gguf.GgufWriter;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.testing.fuzz.Bytes;
import dev.jacobian.testing.fuzz.Fuzz;
import dev.jacobian.testing.fuzz.JsonMutator;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.GgufExport;
import dev.jacobian.transformer.ModelOptions;
import dev.jacobian.transformer.WeightFormats;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Broken GGUF files: a clear error, or a model with its tokenizer. */
class GgufFuzzTest {
    @TempDir
    Path folder;

    /** The keys of a file as a JSON object, without the whole tokenizer.json, so that the lists are what is read. */
    private static ObjectNode keys(GgufMetadata metadata) {
        ObjectNode keys = Json.object();
        for (String key : metadata.keys()) {
            if (key.equals("tokenizer.huggingface.json")) {
                continue;
            }
            Object value = metadata.plain().get(key);
            switch (value) {
                case String text -> keys.put(key, text);
                case Boolean flag -> keys.put(key, flag);
                case Long integer -> keys.put(key, integer);
                case Double number -> keys.put(key, number);
                case null -> list(metadata, key, keys);
                default -> throw new AssertionError(value);
            }
        }
        return keys;
    }

    private static void list(GgufMetadata metadata, String key, ObjectNode keys) {
        var list = keys.putArray(key);
        switch (key) {
            case "tokenizer.ggml.scores" -> {
                for (double one : metadata.numbers(key).orElseThrow()) {
                    list.add(one);
                }
            }
            case "tokenizer.ggml.token_type", "lfm2.attention.head_count_kv" -> {
                for (long one : metadata.integers(key).orElseThrow()) {
                    list.add(one);
                }
            }
            default -> metadata.texts(key).orElseThrow().forEach(list::add);
        }
    }

    /** A key as far as the format has one for it. */
    private static void put(GgufWriter out, String key, JsonNode value) {
        if (value.isTextual()) {
            out.put(key, value.textValue());
        } else if (value.isBoolean()) {
            out.put(key, value.booleanValue());
        } else if (value.isIntegralNumber() && value.canConvertToInt() && value.intValue() >= 0) {
            out.put(key, value.intValue());
        } else if (value.isNumber()) {
            out.put(key, value.floatValue());
        } else if (value.isArray() && !value.isEmpty() && value.get(0).isTextual()) {
            String[] texts = new String[value.size()];
            for (int i = 0; i < texts.length; i++) {
                texts[i] = value.get(i).asText();
            }
            out.put(key, texts);
        } else if (value.isArray() && !value.isEmpty() && value.get(0).isIntegralNumber()) {
            int[] integers = new int[value.size()];
            for (int i = 0; i < integers.length; i++) {
                integers[i] = value.get(i).asInt();
            }
            out.put(key, integers);
        } else if (value.isArray()) {
            float[] numbers = new float[value.size()];
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] = (float) value.get(i).asDouble();
            }
            out.put(key, numbers);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama-gqa", "gemma", "qwen3", "deepseek-v3", "lfm2", "qwen3-next", "ministral3", "olmo3"})
    @DisplayName("keys of the model and of the tokenizer, changed, removed and repeated")
    void keys(String model) {
        Path whole = folder.resolve("whole.gguf");
        GgufExport.write(TestPaths.model(model), whole, GgufType.F16);
        Path file = folder.resolve("fuzz.gguf");
        int inputs = Fuzz.inputs(400);
        try (GgufCheckpoint from = GgufCheckpoint.open(whole)) {
            ObjectNode original = keys(from.metadata());
            Map<String, Tensor> numbers = new HashMap<>();
            for (GgufTensor tensor : from.tensors()) {
                numbers.put(tensor.name(), from.file(tensor.name()).read(tensor.name()));
            }
            int read = Fuzz.run(
                    inputs,
                    21,
                    choices -> JsonMutator.mutate(original, choices).toString().getBytes(StandardCharsets.UTF_8),
                    input -> {
                        GgufWriter out = new GgufWriter();
                        JsonNode keys = Json.parse(input, "keys");
                        keys.properties().forEach(key -> put(out, key.getKey(), key.getValue()));
                        for (GgufTensor tensor : from.tensors()) {
                            out.tensor(tensor.name(), GgufType.F16, tensor.extents(), () -> numbers.get(tensor.name()));
                        }
                        out.write(file);
                        CausalLM own = CausalLM.load(file);
                        assertThat(own.logits(new int[] {1, 2}).elements()).isPositive();
                    },
                    FormatException.class::isInstance);
            assertThat(read).isBetween(inputs / 50, inputs - inputs / 50);
        }
    }

    @Test
    @DisplayName("any byte of a file, read as numbers and held as stored")
    void bytes() throws Exception {
        Path whole = folder.resolve("whole.gguf");
        GgufExport.write(TestPaths.model("llama-gqa"), whole, GgufType.Q8_0);
        byte[] original = Files.readAllBytes(whole);
        Path file = folder.resolve("fuzz.gguf");
        int inputs = Fuzz.inputs(400);
        int read = Fuzz.run(
                inputs,
                22,
                choices -> Bytes.mutate(original, choices),
                input -> {
                    Files.write(file, input);
                    CausalLM.load(file, ModelOptions.DEFAULT.weights(WeightFormats.AS_STORED));
                },
                FormatException.class::isInstance);
        assertThat(read).isBetween(1, inputs - inputs / 50);
    }
}
