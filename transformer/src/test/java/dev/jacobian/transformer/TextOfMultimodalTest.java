// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static dev.jacobian.testing.Bits.assertBits;
import static dev.jacobian.testing.Bits.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.safetensors.CheckpointTensors;
import dev.jacobian.io.safetensors.SafetensorsFile;
import dev.jacobian.io.safetensors.SafetensorsWriter;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.TestJson;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.family.Families;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Checkpoints of models that read images, loaded as the models of text that they contain. */
class TextOfMultimodalTest {
    @TempDir
    Path temporary;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gemma3-oov-pool2",
                "gemma3-pas-win8",
                "llava-clip",
                "qwen2vl",
                "qwen2vl-tied-hub",
                "qwen25vl-win2",
                "qwen25vl-win3-tied-hub",
                "qwen3vl-deep2",
                "qwen3vl-deep3-tied",
                "idefics3-single-tied",
                "idefics3-split-s3",
                "smolvlm-single-s3",
                "smolvlm-split-tied"
            })
    @DisplayName("logits of a conversation without images are those of the whole model")
    void logitsOfText(String name) {
        String shared = System.getProperty("jacobian.shared", "");
        Path folder = Path.of(shared).resolve("golden/models-vlm").resolve(name);
        Assumptions.assumeTrue(!shared.isEmpty() && Files.isDirectory(folder), "no " + folder);
        JsonNode golden = TestJson.read(folder.resolve("golden.json"));
        JsonNode text = golden.get("cases").get("text");
        int[] ids = TestJson.ints(text.get("input_ids").get(0));
        int from = text.get("logits_from").intValue();
        CausalLM model = CausalLM.load(folder);
        float[] logits = model.logits(ids).toFloatArray();
        int vocabulary = model.config().vocabularySize();
        try (SafetensorsFile tensors = SafetensorsFile.open(folder.resolve("golden.safetensors"))) {
            float[] expected = tensors.read("text.logits").toFloatArray();
            assertClose(
                    name,
                    Arrays.copyOfRange(logits, from * vocabulary, logits.length),
                    expected,
                    20 * golden.get("noise_f32_vs_f64").get("logits").doubleValue());
        }
        Path saved = temporary.resolve(name);
        model.save(saved);
        assertThat(Json.read(saved.resolve("config.json")).get("model_type").textValue())
                .isEqualTo(model.config().family());
        assertBits("saved", CausalLM.load(saved).logits(ids).toFloatArray(), logits);
    }

    @ParameterizedTest
    @CsvSource({
        "gemma3-text, gemma3, language_model.model., language_model.lm_head.",
        "gemma3-text, gemma3, model.language_model., lm_head.",
        "qwen3.5, qwen3_5, model.language_model., lm_head.",
        "mistral-swa-f16, mistral3, language_model.model., language_model.lm_head.",
        "qwen3, qwen3_vl, model.language_model., lm_head."
    })
    @DisplayName("a golden model within a larger one has its logits")
    void wrapped(String name, String type, String base, String head) {
        Path folder = TestPaths.copyModel(name, temporary);
        SafetensorsWriter writer = new SafetensorsWriter();
        try (CheckpointTensors tensors = CheckpointTensors.open(TestPaths.model(name))) {
            for (String tensor : tensors.names()) {
                writer.add(
                        tensor.replaceFirst("^model\\.", base).replaceFirst("^lm_head\\.", head), tensors.read(tensor));
            }
            writer.add("vision_tower.blocks.0.weight", Tensor.zeros(2, 3));
            writer.add("model.visual.merger.weight", Tensor.zeros(4));
        }
        writer.write(folder.resolve("model.safetensors"));
        TestJson.edit(folder.resolve("config.json"), config -> {
            JsonNode text = config.deepCopy();
            config.removeAll();
            config.put("model_type", type);
            config.putArray("architectures").add("SomethingForConditionalGeneration");
            config.set("text_config", text);
            config.putObject("vision_config").put("hidden_size", 5);
            config.put("image_token_index", 3);
        });
        CausalLM expected = CausalLM.load(TestPaths.model(name));
        CausalLM actual = CausalLM.load(folder);
        int[] tokens = TestModels.tokens(1, 20, expected.config().vocabularySize());
        assertBits(
                "logits",
                actual.logits(tokens).toFloatArray(),
                expected.logits(tokens).toFloatArray());
        assertThat(actual.eosTokenIds()).isEqualTo(expected.eosTokenIds());
    }

    @Test
    @DisplayName("what text_config leaves out is transformers' default; what is no model of text is refused")
    void defaults() {
        DecoderConfig config = parse("""
            {"model_type": "gemma3", "architectures": ["Gemma3ForConditionalGeneration"], "eos_token_id": [1, 106],
             "text_config": {"hidden_size": 2560, "intermediate_size": 10240, "model_type": "gemma3_text",
               "num_hidden_layers": 34, "rope_scaling": {"factor": 8.0, "rope_type": "linear"}, "sliding_window": 1024},
             "vision_config": {"hidden_size": 1152}}
            """);
        assertThat(config.parameters()).isEqualTo(3_880_263_168L); // Gemma 3 4B without its 0.4 B for images
        assertThat(config.family()).isEqualTo("gemma3_text");
        assertThatThrownBy(() -> parse("""
            {"model_type": "gemma3", "residual_gain": 2, "text_config": {"model_type": "gemma3_text"}}
            """))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("'residual_gain'");
        assertThatThrownBy(() -> parse("{\"model_type\": \"gemma3\"}"))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("has no text_config");
        assertThatThrownBy(() -> parse("{\"model_type\": \"llava\", \"text_config\": {\"model_type\": \"mamba\"}}"))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("model_type 'mamba' is not supported")
                .hasMessageContaining("gemma3, idefics3, llava");
    }

    private static DecoderConfig parse(String config) {
        return Families.parse(Json.parse(config, "test"), "config.json");
    }
}
