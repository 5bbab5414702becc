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
 * read nor known to be harmless is an error, because ignoring it might compute something else than its author meant.
 */
final class ConfigReader {
    /** Keys that cannot change a logit of a text-only causal model in evaluation mode. */
    private static final String[] HARMLESS = {
        "_attn_implementation",
        "_attn_implementation_autoset",
        "_name_or_path",
        "add_cross_attention",
        "attention_dropout",
        "attn_implementation",
        "auto_map",
        "bad_words_ids",
        "begin_suppress_tokens",
        "bos_token_id",
        "chunk_size_feed_forward",
        "cross_attention_hidden_size",
        "decoder_start_token_id",
        "diversity_penalty",
        "do_sample",
        "dtype",
        "early_stopping",
        "encoder_no_repeat_ngram_size",
        "eos_token_id",
        "exponential_decay_length_penalty",
        "finetuning_task",
        "forced_bos_token_id",
        "forced_eos_token_id",
        "hidden_dropout",
        "id2label",
        "is_decoder",
        "is_encoder_decoder",
        "keys_to_ignore_at_inference",
        "label2id",
        "length_penalty",
        "max_length",
        "min_length",
        "no_repeat_ngram_size",
        "num_beam_groups",
        "num_beams",
        "num_return_sequences",
        "output_attentions",
        "output_hidden_states",
        "output_scores",
        "pad_token_id",
        "prefix",
        "pretraining_tp",
        "problem_type",
        "pruned_heads",
        "remove_invalid_values",
        "repetition_penalty",
        "return_dict",
        "return_dict_in_generate",
        "sep_token_id",
        "suppress_tokens",
        "task_specific_params",
        "temperature",
        "tf_legacy_loss",
        "tie_encoder_decoder",
        "tokenizer_class",
        "top_k",
        "top_p",
        "torch_dtype",
        "torchscript",
        "transformers_version",
        "typical_p",
        "unsloth_fixed",
        "unsloth_version",
        "use_bfloat16",
        "use_cache",
    };

    /** Class defaults of transformers' MistralConfig, Qwen2Config and Qwen3Config. */
    private static final int DEFAULT_WINDOW = 4096;

    private static final int DEFAULT_MAX_WINDOW_LAYERS = 28;

    private ConfigReader() {}

    static DecoderConfig read(JsonFields config) {
        ModelFamily family = ModelFamily.of(config);
        requireSilu(config);
        int hidden = positive(config, "hidden_size");
        int heads = positive(config, "num_attention_heads");
        int kvHeads = config.has("num_key_value_heads") ? positive(config, "num_key_value_heads") : heads;
        config.ignore("num_key_value_heads");
        if (heads % kvHeads != 0) {
            throw new FormatException(
                    config.where(),
                    "num_attention_heads " + heads + " is no multiple of num_key_value_heads " + kvHeads,
                    "Correct the file");
        }
        int headDim = headDim(config, family, hidden, heads);
        int layers = positive(config, "num_hidden_layers");
        int maxPositions = positive(config, "max_position_embeddings");
        boolean attentionBias = config.bool("attention_bias", false);
        DecoderConfig result = new DecoderConfig(
                family.modelType(),
                positive(config, "vocab_size"),
                hidden,
                positive(config, "intermediate_size"),
                layers,
                heads,
                kvHeads,
                headDim,
                epsilon(config),
                RopeReader.read(config, maxPositions),
                maxPositions,
                config.bool("tie_word_embeddings", false),
                family == ModelFamily.QWEN2 || attentionBias,
                family != ModelFamily.QWEN2 && attentionBias,
                family == ModelFamily.LLAMA && config.bool("mlp_bias", false),
                family == ModelFamily.QWEN3,
                windows(config, family, layers),
                (float) config.number("initializer_range", 0.02),
                (ObjectNode) config.node());
        config.ignore(HARMLESS);
        refuseMrope(config);
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
            int headDim = positive(config, "head_dim");
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

    private static float epsilon(JsonFields config) {
        double epsilon = config.number("rms_norm_eps");
        if (!(epsilon > 0)) {
            throw new FormatException(config.where(), "rms_norm_eps must be positive, found " + epsilon, "Correct it");
        }
        return (float) epsilon;
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

    static int positive(JsonFields config, String key) {
        int value = config.integer(key);
        if (value < 1 || value > 1 << 24) {
            throw new FormatException(
                    config.where(),
                    "'" + key + "' must lie between 1 and " + (1 << 24) + ", found " + value,
                    "Correct it");
        }
        return value;
    }
}
