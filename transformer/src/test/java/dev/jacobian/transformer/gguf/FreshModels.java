// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.gguf;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.io.Json;
import dev.jacobian.tensor.Rng;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.family.Families;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Small models of random numbers, all of them, with sizes that llama.cpp can compute and tokens that are clear: the golden ones of these
 * families were not made for either. That with 26 layers chooses experts in its last one alone: 26 choices of random numbers would hang on roundings.
 */
final class FreshModels {
    private static final String COMMON = """
        "vocab_size": 120, "hidden_size": 64, "intermediate_size": 96, "num_attention_heads": 4,
        "max_position_embeddings": 512, "initializer_range": 0.25, "tie_word_embeddings": false, "bos_token_id": 1,
        "eos_token_id": 2\
        """;

    private static final String DELTA_NET = """
        , "num_key_value_heads": 2, "num_hidden_layers": 4, "head_dim": 32, "partial_rotary_factor": 0.25,
        "rope_theta": 10000.0, "linear_conv_kernel_dim": 4, "linear_num_key_heads": 2, "linear_num_value_heads": 6,
        "linear_key_head_dim": 16, "linear_value_head_dim": 16, "rms_norm_eps": 1e-6\
        """;

    private static final String LATENT = """
        , "num_key_value_heads": 4, "rms_norm_eps": 1e-6, "rope_theta": 1000.0, "kv_lora_rank": 16,
        "qk_nope_head_dim": 10, "qk_rope_head_dim": 8, "v_head_dim": 12,
        "moe_intermediate_size": 24, "n_routed_experts": 8, "n_shared_experts": 2, "num_experts_per_tok": 3,
        "norm_topk_prob": true, "routed_scaling_factor": 1.5\
        """;

    private static final String YARN = """
        "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 8\
        """;

    /** The rest of each config.json, by name. */
    private static final Map<String, String> CONFIGS = Map.of(
            "qwen3.5",
            "\"model_type\": \"qwen3_5_text\"" + DELTA_NET,
            "qwen3-next",
            "\"model_type\": \"qwen3_next\"" + DELTA_NET + """
                , "num_experts": 6, "num_experts_per_tok": 2, "moe_intermediate_size": 24,
                "shared_expert_intermediate_size": 40, "norm_topk_prob": true\
                """,
            "deepseek",
            "\"model_type\": \"deepseek_v3\"" + LATENT + """
                , "num_hidden_layers": 3, "first_k_dense_replace": 1, "q_lora_rank": 20, "n_group": 4, "topk_group": 2,
                "rope_scaling": {"mscale": 0.7, "mscale_all_dim": 0.7,\
                """ + YARN + "}",
            "deepseek-lite",
            "\"model_type\": \"deepseek_v3\"" + LATENT + """
                , "num_hidden_layers": 26, "first_k_dense_replace": 25, "q_lora_rank": null, "n_group": 1, "topk_group": 1\
                """,
            "lfm2",
            """
            "model_type": "lfm2", "num_hidden_layers": 4, "num_key_value_heads": 2, "norm_eps": 1e-5, "conv_L_cache": 3,
            "rope_theta": 10000.0, "tie_embedding": true, "layer_types": ["conv", "full_attention", "conv", "full_attention"]\
            """,
            "ministral3",
            """
                "model_type": "ministral3", "num_hidden_layers": 3, "num_key_value_heads": 2, "head_dim": 16,
                "rms_norm_eps": 1e-5, "sliding_window": null, "rope_parameters": {"rope_theta": 10000.0, "mscale": 1.0,
                "mscale_all_dim": 1.0, "llama_4_scaling_beta": 0.5,\
                """ + YARN + "}",
            "olmo3",
            """
                "model_type": "olmo3", "num_hidden_layers": 5, "num_key_value_heads": 2, "rms_norm_eps": 1e-6,
                "sliding_window": 6, "rope_theta": 10000.0, "rope_scaling": {\
                """ + YARN + "}",
            "glm",
            """
            "model_type": "glm", "num_hidden_layers": 3, "num_key_value_heads": 2, "head_dim": 16, "rms_norm_eps": 1e-5,
            "attention_bias": true, "partial_rotary_factor": 0.5, "rope_theta": 10000.0, "pad_token_id": 0\
            """);

    private FreshModels() {}

    /** A model written as a folder. */
    static Path save(String name, Path folder) {
        String activation = name.equals("lfm2") ? "" : ", \"hidden_act\": \"silu\"";
        String config = "{" + CONFIGS.get(name) + activation + ", " + COMMON + "}";
        Path to = folder.resolve("fresh-" + name);
        Json.write(folder.resolve("config.json"), Json.parse(config, name));
        CausalLM model = CausalLM.create(Families.read(folder), Optional.empty(), 5);
        Rng rng = new Rng(11, 0);
        for (Parameter parameter : model.parameters()) {
            float[] numbers = parameter.value().floats();
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] += 0.4f * (rng.nextFloat() - 0.5f); // norms and biases too
            }
        }
        model.save(to);
        return to;
    }
}
