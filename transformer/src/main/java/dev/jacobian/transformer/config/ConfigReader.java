// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.JsonFields;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * config.json to {@link DecoderConfig}.
 *
 * <p>Decisions: both generations are read (v4's {@code rope_theta} and {@code rope_scaling}, v5's {@code
 * rope_parameters}). Nothing that changes numbers has a silent default: no θ, no ε, no activation. A key that is neither
 * read nor known to be harmless ({@link HarmlessKeys}) is an error, because ignoring it might compute something else than
 * its author meant. Sizes have limits far above any model, so that a hostile file costs neither time nor memory, and
 * products of them fit a {@code long}: at the limits a model has less than 2^56 parameters.
 */
final class ConfigReader {
    /** Class defaults of transformers' MistralConfig, Qwen2Config and Qwen3Config. */
    private static final int DEFAULT_WINDOW = 4096;

    private static final int DEFAULT_MAX_WINDOW_LAYERS = 28;

    private static final int MAX_LAYERS = 1 << 12;
    private static final int MAX_WIDTH = 1 << 17;
    private static final int MAX_MLP_WIDTH = 1 << 20;
    private static final int MAX_HEADS = 1 << 12;
    private static final int MAX_HEAD_DIM = 1 << 12;
    private static final int MAX_VOCABULARY = 1 << 24;

    /** Most positions; the longest context that is published has 10 million. */
    static final int MAX_POSITIONS = 1 << 24;

    private ConfigReader() {}

    static DecoderConfig read(JsonFields config) {
        ModelFamily family = ModelFamily.of(config);
        requireSilu(config);
        int hidden = positive(config, "hidden_size", MAX_WIDTH);
        int heads = positive(config, "num_attention_heads", MAX_HEADS);
        int kvHeads = config.has("num_key_value_heads") ? positive(config, "num_key_value_heads", MAX_HEADS) : heads;
        config.ignore("num_key_value_heads");
        if (heads % kvHeads != 0) {
            throw new FormatException(
                    config.where(),
                    "num_attention_heads " + heads + " is no multiple of num_key_value_heads " + kvHeads,
                    "Correct the file");
        }
        int headDim = headDim(config, family, hidden, heads);
        int layers = positive(config, "num_hidden_layers", MAX_LAYERS);
        int maxPositions = positive(config, "max_position_embeddings", MAX_POSITIONS);
        boolean attentionBias = config.bool("attention_bias", false);
        DecoderConfig result = new DecoderConfig(
                family.modelType(),
                positive(config, "vocab_size", MAX_VOCABULARY),
                hidden,
                positive(config, "intermediate_size", MAX_MLP_WIDTH),
                layers,
                heads,
                kvHeads,
                headDim,
                (float) requirePositive(config, "rms_norm_eps", config.number("rms_norm_eps")),
                RopeReader.read(config, maxPositions),
                maxPositions,
                config.bool("tie_word_embeddings", false),
                family == ModelFamily.QWEN2 || attentionBias,
                family != ModelFamily.QWEN2 && attentionBias,
                family == ModelFamily.LLAMA && config.bool("mlp_bias", false),
                family == ModelFamily.QWEN3,
                windows(config, family, layers),
                initializerRange(config),
                (ObjectNode) config.node());
        HarmlessKeys.ignore(config);
        refuseMrope(config);
        refuseQuantized(config);
        config.finish();
        return result;
    }

    private static void requireSilu(JsonFields config) {
        String activation = config.string("hidden_act");
        if (!activation.equals("silu") && !activation.equals("swish")) {
            throw new FormatException(
                    config.where(), "hidden_act '" + activation + "' is not supported", "Only silu is known here");
        }
    }

    private static int headDim(JsonFields config, ModelFamily family, int hidden, int heads) {
        Optional<JsonNode> given = config.find("head_dim");
        if (given.isPresent()) {
            int headDim = positive(config, "head_dim", MAX_HEAD_DIM);
            if (headDim % 2 != 0) {
                throw new FormatException(
                        config.where(), "head_dim " + headDim + " is odd, rotary embedding needs pairs", "Correct it");
            }
            return headDim;
        }
        if (family == ModelFamily.QWEN3) {
            return 128; // the class default of Qwen3, which is not hidden_size / num_attention_heads
        }
        if (hidden % heads != 0 || hidden / heads % 2 != 0) {
            throw new FormatException(
                    config.where(),
                    "hidden_size " + hidden + " does not divide into " + heads + " heads of even size",
                    "Correct the file or give head_dim");
        }
        return hidden / heads;
    }

    private static float initializerRange(JsonFields config) {
        double range = config.number("initializer_range", 0.02);
        if (range < 0 || Float.isInfinite((float) range)) {
            throw new FormatException(
                    config.where(),
                    "initializer_range is a standard deviation, found " + range,
                    "Correct it, or remove it for 0.02");
        }
        return (float) range;
    }

    private static List<Integer> windows(JsonFields config, ModelFamily family, int layers) {
        boolean used = config.bool("use_sliding_window", false);
        // absent means the class default, null means none
        boolean limited = config.has("sliding_window") || !config.node().has("sliding_window");
        int window = config.integer("sliding_window", DEFAULT_WINDOW);
        int firstWindowed = config.integer("max_window_layers", DEFAULT_MAX_WINDOW_LAYERS);
        Optional<JsonNode> types = config.find("layer_types");
        if (types.isPresent() && types.get().size() > layers) {
            throw new FormatException(
                    config.where(),
                    "layer_types has " + types.get().size() + " entries for " + layers + " layers",
                    "Correct the file");
        }
        List<Integer> windows = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            boolean slides = limited && (family == ModelFamily.MISTRAL || used && layer >= firstWindowed);
            if (types.isPresent()) {
                String type = types.get().path(layer).asText("");
                slides = switch (type) {
                    case "full_attention" -> false;
                    case "sliding_attention" -> true;
                    default ->
                        throw new FormatException(
                                config.where(),
                                "layer_types[" + layer + "] is '" + type + "'",
                                "Known are full_attention and sliding_attention, one for each of the " + layers
                                        + " layers");
                };
            }
            if (slides && (!limited || window <= 0)) {
                throw new FormatException(
                        config.where(),
                        "layer " + layer + " slides but sliding_window is not positive",
                        "Give the window, or null for none");
            }
            windows.add(slides && family != ModelFamily.LLAMA ? window : 0);
        }
        return windows;
    }

    private static void refuseMrope(JsonFields config) {
        if (config.bool("use_mrope", false)) {
            throw new FormatException(
                    config.where(), "use_mrope is true", "Multimodal rotary embedding is not supported");
        }
    }

    private static void refuseQuantized(JsonFields config) {
        for (String key : List.of("quantization_config", "quantization", "compression_config")) {
            config.find(key).ifPresent(quantization -> {
                String method = quantization.path("quant_method").asText("");
                throw new FormatException(
                        config.where(),
                        "'" + key + "' says that the weights are quantized"
                                + (method.isEmpty() ? "" : ", by " + method),
                        "Use the checkpoint in BF16, F16 or F32 that it was made from");
            });
        }
    }

    static int positive(JsonFields config, String key, int limit) {
        int value = config.integer(key);
        if (value < 1 || value > limit) {
            throw new FormatException(
                    config.where(), "'" + key + "' must lie between 1 and " + limit + ", found " + value, "Correct it");
        }
        return value;
    }

    /** A factor that kernels hold in F32: what rounds to 0 or to infinity there is as wrong as 0 itself. */
    static double requirePositive(JsonFields fields, String key, double value) {
        if (!((float) value > 0) || Float.isInfinite((float) value)) {
            throw new FormatException(
                    fields.where(),
                    key + " must be positive and finite in 32-bit floating point, found " + value,
                    "Correct it");
        }
        return value;
    }
}
