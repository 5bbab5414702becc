// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import java.util.List;
import java.util.Map;

/**
 * The language model within a config.json that also describes an encoder of images: its {@code text_config} as the config.json of a
 * model of text.
 *
 * <p>Decision: the result is a model of text in every way. What belongs to images is neither read nor kept, and a model that is
 * saved is one of the text family; so what is trained of it is not put back into the larger checkpoint.
 */
final class TextPart {
    /**
     * A model that reads images, by its {@code model_type}.
     *
     * @param text {@code model_type} of its language model where {@code text_config} does not say
     * @param defaults what {@code text_config} may leave out because transformers has it as a default
     */
    private record Wrapper(String text, String defaults) {}

    private static final Map<String, Wrapper> WRAPPERS = Map.of(
            "gemma3", new Wrapper("gemma3_text", """
                {"vocab_size": 262208, "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26,
                 "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256, "rms_norm_eps": 1e-6,
                 "max_position_embeddings": 131072, "sliding_window": 4096, "query_pre_attn_scalar": 256}
                """),
            "idefics3", new Wrapper("llama", "{}"),
            "llava", new Wrapper("llama", "{}"),
            "mistral3", new Wrapper("mistral", "{}"),
            "qwen2_vl", new Wrapper("qwen2", "{}"),
            "qwen2_5_vl", new Wrapper("qwen2", "{}"),
            "qwen3_vl", new Wrapper("qwen3", "{}"),
            "qwen3_5", new Wrapper("qwen3_5_text", "{}"),
            "smolvlm", new Wrapper("llama", "{}"));

    /** What language models are called within a larger one, and what they are. */
    private static final Map<String, String> TYPES =
            Map.of("qwen2_vl_text", "qwen2", "qwen2_5_vl_text", "qwen2", "qwen3_vl_text", "qwen3");

    /** Keys that are of images, or of the whole. What else stands beside {@code text_config} counts for text where that does not say. */
    private static final List<String> OF_IMAGES = List.of(
            "text_config",
            "vision_config",
            "boi_token_index",
            "eoi_token_index",
            "ignore_index",
            "image_seq_length",
            "image_token_id",
            "image_token_index",
            "mm_tokens_per_image",
            "multimodal_projector_bias",
            "projector_hidden_act",
            "scale_factor",
            "spatial_merge_size",
            "video_token_id",
            "vision_end_token_id",
            "vision_feature_layer",
            "vision_feature_select_strategy",
            "vision_start_token_id",
            "vision_token_id");

    private TextPart() {}

    /** The config.json of the language model: the file itself where it is of a model of text. */
    static JsonNode of(JsonNode config, String where) {
        Wrapper wrapper = WRAPPERS.get(config.path("model_type").asText());
        if (wrapper == null) {
            return config;
        }
        JsonNode inner = config.path("text_config");
        if (!inner.isObject() && !(inner.isMissingNode() && config.has("hidden_size"))) {
            throw new FormatException(
                    where,
                    "model_type '" + config.path("model_type").asText() + "' has no text_config",
                    "Use the config.json that belongs to the weights");
        }
        ObjectNode text = (ObjectNode) Json.parse(wrapper.defaults(), "defaults");
        ObjectNode beside = (ObjectNode) config.deepCopy();
        beside.remove(OF_IMAGES);
        text.setAll(beside); // all there is, as Qwen's first had it
        if (inner.isObject()) {
            text.setAll((ObjectNode) inner.deepCopy());
        }
        String stated = inner.path("model_type").asText(wrapper.text());
        String type = TYPES.getOrDefault(stated, stated);
        text.put("model_type", type);
        Families.named(type).ifPresent(family -> text.putArray("architectures").add(family.architecture()));
        positions(text);
        return text;
    }

    /** A token of text has one position in place of three, so the sections by which they share a head mean nothing. */
    private static void positions(ObjectNode text) {
        for (String key : List.of("rope_scaling", "rope_parameters")) {
            if (text.get(key) instanceof ObjectNode rope && rope.has("mrope_section")) {
                rope.remove(List.of("mrope_section", "mrope_interleaved"));
                for (String type : List.of("type", "rope_type")) {
                    if (rope.path(type).asText().equals("mrope")) {
                        rope.put(type, "default");
                    }
                }
            }
        }
    }

    /** The kinds of models that read images, for messages. */
    static List<String> wrappers() {
        return WRAPPERS.keySet().stream().sorted().toList();
    }
}
