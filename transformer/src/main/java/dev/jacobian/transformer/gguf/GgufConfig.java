// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.gguf;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.gguf.GgufMetadata;
import dev.jacobian.io.gguf.GgufTokenizer;
import dev.jacobian.transformer.family.Families;
import dev.jacobian.transformer.plan.RopeConfig;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * The keys of a GGUF file as the config.json that the model would have: families read that, and a model that is saved again has it.
 *
 * <p>Keys and config.json differ in what they leave unsaid. What only the presence of a tensor tells (biases, a head of its own)
 * is taken from there; what neither tells has the value that all published models of the architecture have.
 */
final class GgufConfig {
    /** Layers of the Gemmas of 27 billion, whose scores are scaled by the width of a head as if heads filled the hidden state. */
    private static final Map<String, Integer> WIDE_SCORES = Map.of("gemma2", 46, "gemma3", 62);

    /** Families whose config.json says in any case how much of a head is rotated; that of Phi-3 says it where it is not all. */
    private static final Set<String> PARTLY_ROTATED =
            Set.of("gpt_neox", "stablelm", "nemotron", "glm", "glm4", "qwen3_next", "qwen3_5_text");

    /** Architectures whose files may have layers that predict tokens after the next. */
    private static final Set<String> PREDICTING = Set.of("deepseek_v3", "qwen3_5_text");

    /** Far more of them than any model has. */
    private static final int MAX_PREDICTING = 64;

    private static final double THETA = 10_000;
    private static final double ROPE_TOLERANCE = 1e-5;

    private final GgufArchitecture architecture;
    private final GgufKeys keys;
    private final Tensors tensors;
    private final ObjectNode config = Json.object();

    /** What a file has of tensors. */
    interface Tensors {
        /** Whether there is one of that name. */
        boolean has(String name);

        /** How many there are. */
        int count();

        /** The rows of the table of tokens. */
        long vocabulary();

        /** The numbers of one that belongs to the description. */
        float[] numbers(String name);
    }

    private GgufConfig(GgufArchitecture architecture, GgufKeys keys, Tensors tensors) {
        this.architecture = architecture;
        this.keys = keys;
        this.tensors = tensors;
    }

    /** What config.json would be. */
    static ObjectNode read(GgufArchitecture architecture, GgufKeys keys, Tensors tensors) {
        GgufConfig reader = new GgufConfig(architecture, keys, tensors);
        reader.read();
        keys.finish();
        return reader.renamed();
    }

    private void read() {
        config.put("model_type", architecture.family());
        config.putArray("architectures")
                .add(Families.named(architecture.family()).orElseThrow().architecture());
        architecture.fixed().forEach((key, value) -> config.set(key, Json.parse(value, key)));
        config.put("dtype", "float32"); // of what is computed with
        int layers = layers();
        int width = keys.requireSize("embedding_length");
        int heads = keys.sizeOfAllLayers("attention.head_count")
                .orElseThrow(() -> keys.bad("attention.head_count", "the key is missing"));
        vocabulary();
        config.put("num_hidden_layers", layers);
        config.put("hidden_size", width);
        config.put("max_position_embeddings", keys.requireSize("context_length"));
        keys.sizeOfAllLayers("feed_forward_length").ifPresent(size -> config.put("intermediate_size", size));
        config.put("num_attention_heads", heads);
        boolean latent = architecture.family().equals("deepseek_v3");
        int headDim = latent
                ? LatentKeys.readAttention(keys, config, heads)
                : heads(layers, heads, heads == 0 ? 0 : width / heads, width);
        config.put(
                architecture.epsilon(),
                keys.number(architecture.epsilonKey())
                        .orElseThrow(() -> keys.bad(architecture.epsilonKey(), "the key is missing")));
        config.put("tie_word_embeddings", !tensors.has("output.weight"));
        biases();
        if (architecture.family().equals("gpt2")) {
            keys.unused("rope.dimension_count");
        } else {
            rotary(headDim);
        }
        family(layers, width, heads, headDim);
        tokens();
    }

    /** Layers that are computed: without those that predict tokens after the next. */
    private int layers() {
        int all = keys.requireSize("block_count");
        if (all > tensors.count()) {
            throw keys.bad("block_count", "it is " + all + ", and the file has " + tensors.count() + " tensors");
        }
        if (!PREDICTING.contains(architecture.family())) {
            return all;
        }
        int behind = keys.size("nextn_predict_layers").orElse(0);
        if (behind > Math.min(MAX_PREDICTING, all)) {
            throw keys.bad("nextn_predict_layers", "it is " + behind + " of " + all + " layers");
        }
        return all - behind;
    }

    /** Reads the heads of attention whose keys and values have one length, which is returned. */
    private int heads(int layers, int heads, int usual, int width) {
        int headDim = keys.size("attention.key_length").orElse(usual);
        if (keys.size("attention.value_length").orElse(headDim) != headDim) {
            throw keys.bad("attention.value_length", "values of another length than keys are not computed here");
        }
        int kvHeads = architecture.family().equals("lfm2")
                ? RecurrentKeys.readHeads(keys, config, layers, heads)
                : keys.sizeOfAllLayers("attention.head_count_kv").orElse(heads);
        if (kvHeads != heads || !architecture.family().startsWith("gpt")) {
            config.put("num_key_value_heads", kvHeads);
        }
        if (heads * headDim != width || hasOwnHeadDim()) {
            config.put("head_dim", headDim);
        }
        return headDim;
    }

    /** The table of tokens says how many there are; a key that says otherwise belongs to another file. */
    private void vocabulary() {
        long rows = tensors.vocabulary();
        keys.size("vocab_size").filter(size -> size != rows).ifPresent(size -> {
            throw keys.bad("vocab_size", "it is " + size + ", and the table of tokens has " + rows + " rows");
        });
        config.put("vocab_size", rows);
    }

    /** Whether the family has heads of some size where config.json does not say. */
    private boolean hasOwnHeadDim() {
        return switch (architecture.family()) {
            case "gemma",
                    "gemma2",
                    "gemma3_text",
                    "qwen3",
                    "qwen3_moe",
                    "qwen3_next",
                    "qwen3_5_text",
                    "gpt_oss",
                    "glm",
                    "glm4",
                    "cohere2" -> true;
            default -> false;
        };
    }

    /** What only the tensors of the first layer tell. */
    private void biases() {
        boolean queries = tensors.has("blk.0.attn_q.bias");
        boolean inner = tensors.has("blk.0.ffn_up.bias") || tensors.has("blk.0.ffn_down.bias");
        switch (architecture.family()) {
            case "llama", "granite", "smollm3", "nemotron" -> {
                config.put("attention_bias", queries);
                config.put("mlp_bias", inner);
            }
            case "qwen3",
                    "qwen3_moe",
                    "gemma",
                    "gemma2",
                    "gemma3_text",
                    "olmo2",
                    "olmo3",
                    "glm",
                    "glm4",
                    "cohere",
                    "cohere2",
                    "gpt_oss" -> config.put("attention_bias", queries);
            case "qwen2_moe" -> config.put("qkv_bias", queries);
            case "stablelm" -> config.put("use_qkv_bias", queries);
            case "gpt_neox" -> config.put("attention_bias", tensors.has("blk.0.attn_qkv.bias"));
            default -> {}
        }
    }

    private void rotary(int headDim) {
        double theta = keys.number("rope.freq_base").orElse(THETA);
        config.put("rope_theta", theta);
        int rotated = rotated(headDim);
        Optional<Double> linear = keys.number("rope.scale_linear");
        String type = keys.text("rope.scaling.type").orElse(linear.isPresent() ? "linear" : "none");
        Optional<Double> factor = keys.number("rope.scaling.factor").or(() -> linear);
        Optional<Integer> original = keys.size("rope.scaling.original_context_length");
        Optional<Double> magnitude = keys.number("rope.scaling.attn_factor");
        if (tensors.has(GgufNames.SHORT_FACTORS) || tensors.has(GgufNames.LONG_FACTORS)) {
            longRope(original, magnitude);
            return;
        }
        if (tensors.has(GgufNames.ROPE_FACTORS)) {
            divided(tensors.numbers(GgufNames.ROPE_FACTORS), theta, rotated);
            return;
        }
        switch (type) {
            case "none" ->
                original.ifPresent(length -> {
                    if (architecture.family().equals("phi3")) {
                        config.put("original_max_position_embeddings", length);
                    }
                });
            case "linear" ->
                factor.filter(value -> value != 1)
                        .ifPresent(value -> scaling("linear").put("factor", value));
            case "yarn" ->
                yarn(
                        factor.orElseThrow(() -> keys.bad("rope.scaling.factor", "the key is missing")),
                        original,
                        magnitude);
            default -> throw keys.bad("rope.scaling.type", "'" + type + "' is not known; none, linear and yarn are");
        }
    }

    /** Elements of a head that are rotated: all, or the first of them in families that can. */
    private int rotated(int headDim) {
        String key = "rope.dimension_count";
        int rotated = keys.size(key).orElse(headDim);
        if (rotated < 2 || rotated > headDim || rotated % 2 != 0) {
            throw keys.bad(
                    keys.has(key)
                            ? key
                            : keys.has("attention.key_length") ? "attention.key_length" : "embedding_length",
                    "that rotates " + rotated + " of " + headDim
                            + " elements of a head, and they are rotated in pairs");
        }
        if (rotated != headDim
                && !PARTLY_ROTATED.contains(architecture.family())
                && !architecture.family().equals("phi3")) {
            throw keys.bad(
                    key,
                    "it is " + rotated + ", a head has " + headDim + " elements, and this architecture rotates all");
        }
        if (rotated != headDim || PARTLY_ROTATED.contains(architecture.family())) {
            double factor = (double) rotated / headDim;
            boolean exact = (int) (factor * headDim) == rotated;
            config.put("partial_rotary_factor", exact ? factor : Math.nextUp(factor));
        }
        return rotated;
    }

    private ObjectNode scaling(String type) {
        return config.putObject("rope_scaling").put("rope_type", type);
    }

    private void yarn(double factor, Optional<Integer> original, Optional<Double> magnitude) {
        ObjectNode yarn = scaling("yarn").put("factor", factor);
        original.ifPresent(length -> yarn.put("original_max_position_embeddings", length));
        keys.number("rope.scaling.yarn_beta_fast").ifPresent(beta -> yarn.put("beta_fast", beta));
        keys.number("rope.scaling.yarn_beta_slow").ifPresent(beta -> yarn.put("beta_slow", beta));
        if (keys.number("rope.scaling.yarn_ext_factor").orElse(1.0) != 1) {
            throw keys.bad("rope.scaling.yarn_ext_factor", "only 1 is computed here");
        }
        if (architecture.family().equals("deepseek_v3")) {
            LatentKeys.readYarn(keys, yarn);
            return;
        }
        keys.number("rope.scaling.yarn_attn_factor").ifPresent(value -> yarn.put("attention_factor", value));
        magnitude
                .filter(value -> value != 1)
                .ifPresent(
                        value -> yarn.put("attention_factor", value * RopeConfig.Yarn.defaultAttentionFactor(factor)));
        if (architecture.name().equals("mistral3")) {
            keys.number("rope.scaling.yarn_log_multiplier")
                    .filter(value -> value != 0)
                    .ifPresent(value -> yarn.put("mscale", 1.0).put("mscale_all_dim", value));
        }
        if (architecture.family().equals("gpt_oss")) {
            yarn.put("truncate", false);
        }
    }

    private void longRope(Optional<Integer> original, Optional<Double> magnitude) {
        ObjectNode rope = scaling("longrope");
        numbers(rope.putArray("short_factor"), tensors.numbers(GgufNames.SHORT_FACTORS));
        numbers(rope.putArray("long_factor"), tensors.numbers(GgufNames.LONG_FACTORS));
        magnitude.ifPresent(value -> rope.put("attention_factor", value));
        original.ifPresent(length -> config.put("original_max_position_embeddings", length));
    }

    private static void numbers(ArrayNode into, float[] numbers) {
        for (float number : numbers) {
            into.add(Double.parseDouble(Float.toString(number)));
        }
    }

    /**
     * Frequencies divided by numbers of a tensor: Llama 3's, if they are those of its rule for some length of pre-training, else as they
     * are.
     */
    private void divided(float[] divisors, double theta, int rotated) {
        double factor = 1;
        for (float divisor : divisors) {
            factor = Math.max(factor, divisor);
        }
        float[] plain = new RopeConfig.Default(theta).inverseFrequencies(rotated);
        for (int length = 8; length > 0 && divisors.length == plain.length; length *= 2) {
            float[] scaled = new RopeConfig.Llama3(theta, factor, 1, 4, length).inverseFrequencies(rotated);
            boolean same = true;
            for (int i = 0; i < plain.length; i++) {
                same &= Math.abs(plain[i] / scaled[i] / divisors[i] - 1) < ROPE_TOLERANCE;
            }
            if (same) {
                scaling("llama3")
                        .put("factor", factor)
                        .put("low_freq_factor", 1.0)
                        .put("high_freq_factor", 4.0)
                        .put("original_max_position_embeddings", length);
                return;
            }
        }
        ObjectNode rope = scaling("longrope").put("attention_factor", 1.0);
        numbers(rope.putArray("short_factor"), divisors);
        numbers(rope.putArray("long_factor"), divisors);
    }

    private void family(int layers, int width, int heads, int headDim) {
        switch (architecture.family()) {
            case "mixtral" -> experts("num_local_experts");
            case "deepseek_v3" -> LatentKeys.readExperts(keys, config);
            case "lfm2" -> RecurrentKeys.readConvolution(keys, config);
            case "qwen3_next" -> {
                RecurrentKeys.readDeltaNet(keys, config, layers);
                qwenExperts(layers);
            }
            case "qwen3_5_text" -> RecurrentKeys.readDeltaNet(keys, config, layers);
            case "ministral3" -> growth();
            case "olmo3" -> {
                keys.number("rope.freq_base_swa")
                        .filter(theta -> theta != config.path("rope_theta").doubleValue())
                        .ifPresent(theta -> {
                            throw keys.bad("rope.freq_base_swa", "only that of the other layers is computed here");
                        });
                window(4);
            }
            case "qwen2_moe", "qwen3_moe" -> qwenExperts(layers);
            case "gpt_oss" -> {
                experts("num_local_experts");
                config.put("intermediate_size", keys.requireSize("expert_feed_forward_length"));
                window(2);
            }
            case "gemma2" -> {
                scores(layers, width, heads, headDim);
                config.put(
                        "attn_logit_softcapping",
                        keys.number("attn_logit_softcapping").orElse(50.0));
                config.put(
                        "final_logit_softcapping",
                        keys.number("final_logit_softcapping").orElse(30.0));
                window(2);
            }
            case "gemma3_text" -> {
                scores(layers, width, heads, headDim);
                keys.number("attn_logit_softcapping").ifPresent(cap -> config.put("attn_logit_softcapping", cap));
                keys.number("final_logit_softcapping").ifPresent(cap -> config.put("final_logit_softcapping", cap));
                config.put(
                        "rope_local_base_freq",
                        keys.number("rope.freq_base_swa").orElse(THETA));
                window(6);
            }
            case "phi3" -> {
                int window = keys.size("attention.sliding_window").orElse(0);
                if (window > 0) {
                    config.put("sliding_window", window);
                } else {
                    config.putNull("sliding_window");
                }
            }
            case "cohere2" -> {
                config.put(
                        "logit_scale",
                        keys.number("logit_scale").orElseThrow(() -> keys.bad("logit_scale", "the key is missing")));
                window(4);
            }
            case "cohere" -> {
                config.put(
                        "logit_scale",
                        keys.number("logit_scale").orElseThrow(() -> keys.bad("logit_scale", "the key is missing")));
                config.put("use_qk_norm", tensors.has("blk.0.attn_q_norm.weight"));
            }
            case "granite" -> {
                keys.number("attention.scale").ifPresent(factor -> config.put("attention_multiplier", factor));
                keys.number("embedding_scale").ifPresent(factor -> config.put("embedding_multiplier", factor));
                keys.number("residual_scale").ifPresent(factor -> config.put("residual_multiplier", factor));
                keys.number("logit_scale").ifPresent(factor -> config.put("logits_scaling", factor));
            }
            case "smollm3" -> config.put("no_rope_layer_interval", 4);
            case "gpt_neox" ->
                config.put(
                        "use_parallel_residual",
                        keys.flag("use_parallel_residual").orElse(true));
            case "stablelm" -> {
                keys.unused("use_parallel_residual"); // the tensors tell
                config.put("use_parallel_residual", !tensors.has("blk.0.ffn_norm.weight"));
                config.put("qk_layernorm", tensors.has("blk.0.attn_q_norm.weight"));
            }
            case "llama" -> keys.unused("expert_count", "expert_used_count"); // both 0
            case "starcoder2" -> config.putNull("sliding_window");
            default -> {}
        }
    }

    /** Growing queries are said among the rotary numbers. */
    private void growth() {
        ObjectNode rope = config.remove("rope_scaling") instanceof ObjectNode scaling ? scaling : Json.object();
        rope.set("rope_theta", config.remove("rope_theta"));
        rope.put("llama_4_scaling_beta", keys.number(GgufKeys.GROWTH).orElseThrow());
        config.set("rope_parameters", rope);
    }

    private void experts(String count) {
        config.put(count, keys.requireSize("expert_count"));
        config.put("num_experts_per_tok", keys.requireSize("expert_used_count"));
    }

    private void qwenExperts(int layers) {
        boolean second = architecture.family().equals("qwen2_moe");
        experts("num_experts");
        config.put("moe_intermediate_size", keys.requireSize("expert_feed_forward_length"));
        if (second || architecture.family().equals("qwen3_next")) {
            config.put("shared_expert_intermediate_size", keys.requireSize("expert_shared_feed_forward_length"));
        }
        if (!config.has("intermediate_size")) {
            config.put("intermediate_size", keys.requireSize("expert_feed_forward_length")); // of dense layers, if any
        }
        config.put("norm_topk_prob", keys.flag("expert_weights_norm").orElse(!second));
        if (keys.number("expert_weights_scale").orElse(1.0) != 1) {
            throw keys.bad("expert_weights_scale", "only 1 is computed here");
        }
        keys.unused("expert_shared_count");
        ArrayNode dense = config.putArray("mlp_only_layers");
        for (int layer = 0; layer < layers; layer++) {
            if (!tensors.has("blk." + layer + ".ffn_gate_inp.weight")) {
                dense.add(layer);
            }
        }
    }

    private void scores(int layers, int width, int heads, int headDim) {
        boolean wide = Integer.valueOf(layers).equals(WIDE_SCORES.get(architecture.name()));
        config.put("query_pre_attn_scalar", wide ? width / heads : headDim);
    }

    /** The window, which all but every so-many-th layer have. */
    private void window(int period) {
        int window = keys.requireSize("attention.sliding_window");
        config.put("sliding_window", window);
        ArrayNode types = config.putArray("layer_types");
        int layers = config.get("num_hidden_layers").intValue();
        if (keys.isList("attention.sliding_window_pattern")) {
            long[] slides = keys.list("attention.sliding_window_pattern").orElseThrow();
            if (slides.length != layers) {
                throw keys.bad(
                        "attention.sliding_window_pattern", slides.length + " entries for " + layers + " layers");
            }
            for (long slide : slides) {
                types.add(slide != 0 ? "sliding_attention" : "full_attention");
            }
            return;
        }
        int every = Math.max(1, keys.size("attention.sliding_window_pattern").orElse(period));
        for (int layer = 0; layer < layers; layer++) {
            types.add(layer % every < every - 1 ? "sliding_attention" : "full_attention");
        }
    }

    private void tokens() {
        GgufMetadata metadata = keys.metadata();
        token(metadata, "tokenizer.ggml.bos_token_id").ifPresent(id -> config.put("bos_token_id", id));
        var unused = token(metadata, "tokenizer.ggml.eos_token_id"); // is one of the end tokens below
        List<Integer> ends = GgufTokenizer.endTokens(metadata).stream()
                .filter(id -> id < tensors.vocabulary())
                .toList();
        if (!ends.isEmpty()) {
            ArrayNode ids = config.putArray("eos_token_id");
            ends.forEach(ids::add);
        }
    }

    /** A token's id, if the key is there; one without an embedding is an error. */
    private Optional<Integer> token(GgufMetadata metadata, String key) {
        Optional<Integer> id = metadata.integer(key);
        id.filter(i -> i >= tensors.vocabulary()).ifPresent(i -> {
            throw metadata.bad(key, "the id " + i + " of a vocabulary of " + tensors.vocabulary());
        });
        return id;
    }

    /** The same under the names that the family has for some keys. */
    private ObjectNode renamed() {
        Map<String, String> names = new LinkedHashMap<>(
                Families.named(architecture.family()).orElseThrow().keys());
        ObjectNode out = Json.object();
        Function<String, String> name = key -> names.getOrDefault(key, key);
        config.properties().forEach(entry -> out.set(name.apply(entry.getKey()), entry.getValue()));
        return out;
    }
}
