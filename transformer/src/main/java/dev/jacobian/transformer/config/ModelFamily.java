// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.config;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.JsonFields;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * The architectures that can be loaded, by {@code model_type}, and what distinguishes them.
 *
 * <p>They are one decoder with switches; what config.json leaves unsaid (Qwen2's biases, Qwen3's head
 * norms, that every layer of Mistral slides) is said here.
 */
public enum ModelFamily {
    LLAMA("llama", "LlamaForCausalLM"),
    MISTRAL("mistral", "MistralForCausalLM"),
    QWEN2("qwen2", "Qwen2ForCausalLM"),
    QWEN3("qwen3", "Qwen3ForCausalLM");

    private final String modelType;
    private final String architecture;

    ModelFamily(String modelType, String architecture) {
        this.modelType = modelType;
        this.architecture = architecture;
    }

    /** {@code model_type} in config.json. */
    public String modelType() {
        return modelType;
    }

    /** The entry of {@code architectures} in config.json. */
    public String architecture() {
        return architecture;
    }

    /**
     * Reads config.json of a checkpoint folder.
     *
     * @throws FormatException if the file is missing or broken, the architecture is unknown, or a key is there that this
     *     code does not know and that might change the numbers
     */
    public static DecoderConfig read(Path folder) {
        Path file = folder.resolve("config.json");
        return parse(Json.read(file), file.toString());
    }

    /**
     * Reads the content of a config.json.
     *
     * @param where where it comes from, for messages
     * @throws FormatException as {@link #read}
     */
    public static DecoderConfig parse(JsonNode config, String where) {
        return ConfigReader.read(JsonFields.of(config, where));
    }

    static ModelFamily of(JsonFields config) {
        String type = config.string("model_type");
        for (ModelFamily family : values()) {
            if (family.modelType.equals(type)) {
                checkArchitecture(config, family);
                return family;
            }
        }
        String known = Arrays.stream(values()).map(ModelFamily::modelType).collect(Collectors.joining(", "));
        throw new FormatException(
                config.where(), "model_type '" + type + "' is not supported", "Use a checkpoint of one of: " + known);
    }

    private static void checkArchitecture(JsonFields config, ModelFamily family) {
        config.find("architectures").ifPresent(list -> {
            String first = list.path(0).asText("");
            if (list.size() > 0 && !first.equals(family.architecture)) {
                throw new FormatException(
                        config.where(),
                        "architecture '" + first + "' does not belong to model_type '" + family.modelType + "'",
                        "Only causal language models can be loaded: " + family.architecture);
            }
        });
    }
}
