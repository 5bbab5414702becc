// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.PlanText;
import dev.jacobian.transformer.plan.Recurrence;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * {@code docs/families.md} is what the families' code says. {@code mvn -pl transformer -am test-compile
 * surefire:test@default-test -Dtest=FamiliesTableTest -Djacobian.write=true -Dsurefire.failIfNoSpecifiedTests=false} writes it
 * anew.
 */
class FamiliesTableTest {
    private static final Path FILE = TestPaths.project().resolve("docs/families.md");

    /** What every config.json of the families must say, and nothing that it may. */
    private static final String REQUIRED = """
        {"vocab_size": 100, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 32,
         "num_attention_heads": 4, "num_key_value_heads": 2, "hidden_act": "silu", "max_position_embeddings": 128,
         "rms_norm_eps": 1e-5, "rope_theta": 10000.0}
        """;

    /** The same with LayerNorm. */
    private static final String LAYER_NORM = REQUIRED.replace("rms_norm_eps", "layer_norm_eps");

    /** The same of families that call keys otherwise, or have other ones. */
    private static final Map<String, String> REQUIRED_OF = new LinkedHashMap<>();

    static {
        REQUIRED_OF.put("gpt2", """
            {"vocab_size": 100, "n_embd": 64, "n_layer": 32, "n_head": 4, "n_positions": 128,
             "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5}
            """);
        REQUIRED_OF.put("lfm2", """
            {"vocab_size": 100, "hidden_size": 64, "block_ff_dim": 96, "num_hidden_layers": 32, "num_attention_heads": 4,
             "num_key_value_heads": 2, "max_position_embeddings": 128, "norm_eps": 1e-5, "full_attn_idxs": [2, 5]}
            """);
        REQUIRED_OF.put("ministral3", """
            {"vocab_size": 100, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 32,
             "num_attention_heads": 4, "num_key_value_heads": 2, "hidden_act": "silu", "max_position_embeddings": 128,
             "rms_norm_eps": 1e-5, "rope_parameters": {"rope_type": "yarn", "factor": 16.0, "rope_theta": 1e6,
             "original_max_position_embeddings": 8, "llama_4_scaling_beta": 0.1}}
            """);
        REQUIRED_OF.put("nemotron", """
            {"vocab_size": 100, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 32,
             "num_attention_heads": 4, "num_key_value_heads": 2, "hidden_act": "relu2", "max_position_embeddings": 128,
             "norm_eps": 1e-5}
            """);
        REQUIRED_OF.put("gpt_neox", """
            {"vocab_size": 100, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 32,
             "num_attention_heads": 4, "hidden_act": "gelu", "max_position_embeddings": 128, "layer_norm_eps": 1e-5}
            """);
        REQUIRED_OF.put("stablelm", LAYER_NORM);
        REQUIRED_OF.put("cohere", LAYER_NORM);
        REQUIRED_OF.put("cohere2", LAYER_NORM);
        REQUIRED_OF.put("starcoder2", """
            {"vocab_size": 100, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 32,
             "num_attention_heads": 4, "num_key_value_heads": 2, "hidden_act": "gelu_pytorch_tanh",
             "max_position_embeddings": 128, "norm_epsilon": 1e-5}
            """);
    }

    /** What files of families with experts must say beside. */
    private static final Map<String, String> REQUIRED_BESIDE = Map.of(
            "mixtral",
            """
            {"num_local_experts": 8, "num_experts_per_tok": 2}
            """,
            "qwen2_moe",
            """
            {"num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 24,
             "shared_expert_intermediate_size": 40}
            """,
            "deepseek_v3",
            """
            {"num_key_value_heads": 4, "n_routed_experts": 8, "num_experts_per_tok": 2,
             "moe_intermediate_size": 24, "n_shared_experts": 1, "n_group": 4, "topk_group": 2,
             "routed_scaling_factor": 2.5, "first_k_dense_replace": 3, "q_lora_rank": 24, "kv_lora_rank": 16,
             "qk_nope_head_dim": 16, "qk_rope_head_dim": 8, "v_head_dim": 16}
            """,
            "gpt_oss",
            """
            {"num_local_experts": 8, "num_experts_per_tok": 2}
            """,
            "qwen3_5_text",
            """
            {"linear_num_key_heads": 2, "linear_num_value_heads": 4, "linear_key_head_dim": 8,
             "linear_value_head_dim": 16, "linear_conv_kernel_dim": 4}
            """,
            "qwen3_next",
            """
            {"num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 24,
             "shared_expert_intermediate_size": 40, "linear_num_key_heads": 2, "linear_num_value_heads": 4,
             "linear_key_head_dim": 8, "linear_value_head_dim": 16, "linear_conv_kernel_dim": 4}
            """,
            "qwen3_moe",
            """
            {"num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 24}
            """);

    /** Keys that a file may have, with values of which one is not the default; those that change a family's plan are listed. */
    private static final Map<String, List<String>> OPTIONAL = new LinkedHashMap<>();

    static {
        OPTIONAL.put("attention_bias", List.of("true", "false"));
        OPTIONAL.put("mlp_bias", List.of("true"));
        OPTIONAL.put("use_bias", List.of("false"));
        OPTIONAL.put("tie_word_embeddings", List.of("true", "false"));
        OPTIONAL.put("head_dim", List.of("32"));
        OPTIONAL.put("sliding_window", List.of("8"));
        OPTIONAL.put("use_sliding_window", List.of("true"));
        OPTIONAL.put("sliding_window_pattern", List.of("3"));
        OPTIONAL.put("layer_types", List.of("[" + "\"sliding_attention\", ".repeat(31) + "\"full_attention\"]"));
        OPTIONAL.put("partial_rotary_factor", List.of("0.25", "0.5"));
        OPTIONAL.put("embedding_multiplier", List.of("2"));
        OPTIONAL.put("attention_multiplier", List.of("0.5"));
        OPTIONAL.put("residual_multiplier", List.of("0.5"));
        OPTIONAL.put("logits_scaling", List.of("2"));
        OPTIONAL.put("no_rope_layer_interval", List.of("2"));
        OPTIONAL.put("no_rope_layers", List.of("[1" + ", 1".repeat(31) + "]"));
        OPTIONAL.put("rotary_pct", List.of("0.75"));
        OPTIONAL.put("rotary_emb_base", List.of("100"));
        OPTIONAL.put("rope_local_base_freq", List.of("100"));
        OPTIONAL.put("query_pre_attn_scalar", List.of("64"));
        OPTIONAL.put("attn_logit_softcapping", List.of("20"));
        OPTIONAL.put("final_logit_softcapping", List.of("20"));
        OPTIONAL.put("hidden_activation", List.of("\"gelu\""));
        OPTIONAL.put("qk_layernorm", List.of("true"));
        OPTIONAL.put("use_qk_norm", List.of("true"));
        OPTIONAL.put("use_qkv_bias", List.of("true"));
        OPTIONAL.put("use_parallel_residual", List.of("true", "false"));
        OPTIONAL.put("logit_scale", List.of("0.5"));
        OPTIONAL.put("n_inner", List.of("80"));
        OPTIONAL.put("scale_attn_weights", List.of("false"));
        OPTIONAL.put("scale_attn_by_inverse_layer_idx", List.of("true"));
        OPTIONAL.put("full_attention_interval", List.of("2"));
        OPTIONAL.put("conv_L_cache", List.of("4"));
        OPTIONAL.put("conv_bias", List.of("true"));
        OPTIONAL.put("block_auto_adjust_ff_dim", List.of("false"));
        OPTIONAL.put("block_ffn_dim_multiplier", List.of("9"));
        OPTIONAL.put("block_multiple_of", List.of("8"));
        OPTIONAL.put("tie_embedding", List.of("false"));
        OPTIONAL.put("norm_topk_prob", List.of("true"));
        OPTIONAL.put("decoder_sparse_step", List.of("2"));
        OPTIONAL.put("mlp_only_layers", List.of("[0]"));
    }

    private static final Map<String, Function<DecoderPlan, String>> COLUMNS = new LinkedHashMap<>();

    static {
        COLUMNS.put("norms", plan -> PlanText.ofLayers(plan, PlanText::norms));
        COLUMNS.put("attention", plan -> PlanText.ofLayers(plan, FamiliesTableTest::attention));
        COLUMNS.put("positions", plan -> PlanText.ofLayers(plan, layer -> PlanText.positions(layer.mixer())));
        COLUMNS.put(
                "feed-forward", plan -> PlanText.ofLayers(plan, layer -> PlanText.feedForward(layer.feedForward())));
        COLUMNS.put("head", plan -> PlanText.head(plan.head()));
    }

    private static String attention(LayerPlan layer) {
        List<String> words = new ArrayList<>();
        switch (layer.mixer()) {
            case Attention attention -> words.add("heads of " + attention.headDim());
            case Recurrence recurrence -> {}
        }
        words.addAll(PlanText.mixer(layer.mixer()));
        words.add(PlanText.window(layer.mixer()));
        words.removeIf(String::isEmpty);
        return String.join(", ", words);
    }

    private static ObjectNode config(Family family) {
        String type = family.modelType();
        ObjectNode config = (ObjectNode) Json.parse(REQUIRED_OF.getOrDefault(type, REQUIRED), "required");
        config.setAll((ObjectNode) Json.parse(REQUIRED_BESIDE.getOrDefault(type, "{}"), type));
        return config.put("model_type", type);
    }

    private static DecoderPlan plan(ObjectNode config) {
        return Families.parse(config, "config.json").plan();
    }

    /** The optional keys that change the plan. */
    private static String keys(Family family) {
        return OPTIONAL.entrySet().stream()
                .filter(key -> key.getValue().stream().anyMatch(value -> changes(family, key.getKey(), value)))
                .map(key -> "`" + key.getKey() + "`")
                .collect(Collectors.joining(", "));
    }

    private static boolean changes(Family family, String key, String value) {
        ObjectNode config = config(family);
        config.set(key, Json.parse(value, key));
        try {
            return !plan(config).equals(plan(config(family)));
        } catch (FormatException unknown) {
            return false; // the family does not know the key
        }
    }

    private static String document() {
        StringBuilder text = new StringBuilder("""
            # Model families

            What a `config.json` computes if it says only what it must, a family a row, and the optional keys that change it.
            The families are the classes of `dev.jacobian.transformer.family`; a plan (`dev.jacobian.transformer.plan`) is
            what they have in common. The examples have a width of 64, 4 heads and 32 layers.

            """);
        row(text, "`model_type`", COLUMNS.keySet(), "keys that change it", "described in");
        text.append("|").append(" --- |".repeat(COLUMNS.size() + 3)).append('\n');
        for (Family family : Families.all()) {
            DecoderPlan plan = plan(config(family));
            List<String> cells =
                    COLUMNS.values().stream().map(column -> column.apply(plan)).toList();
            row(text, "`" + family.modelType() + "`", cells, keys(family), family.source());
        }
        text.append("""

            ## What is compared with transformers

            Small models of each family with random weights, run by Hugging Face transformers: the tests compare logits, hidden states,
            batches padded on either side, loss, the gradient of every parameter and greedy generation with a cache, within twenty
            times the oracle's own rounding. `tokenizer` and `chat template` are of those folders that have them; the tests of
            `dev.jacobian.io` compare many more.

            """).append(VerifiedFamilies.table());
        return text.append("""

            Written by `FamiliesTableTest`, which compares it with the code and says how it is written anew.
            """).toString();
    }

    private static void row(StringBuilder text, String first, Iterable<String> cells, String... last) {
        text.append("| ").append(first).append(" | ");
        cells.forEach(cell -> text.append(cell).append(" | "));
        for (String cell : last) {
            text.append(cell).append(" | ");
        }
        text.setLength(text.length() - 1);
        text.append('\n');
    }

    @Test
    @DisplayName("the table is what the code says")
    void table() throws IOException {
        if (Boolean.getBoolean("jacobian.write")) {
            Files.writeString(FILE, document());
        }
        assertThat(FILE).exists();
        assertThat(Files.readString(FILE))
                .as("docs/families.md; -Djacobian.write=true writes it anew")
                .isEqualTo(document());
    }

    @Test
    @DisplayName("every family has a name, an architecture and a source of its own")
    void names() {
        assertThat(Families.all().stream().map(Family::modelType)).doesNotHaveDuplicates();
        assertThat(Families.all().stream().map(Family::architecture)).doesNotHaveDuplicates();
        assertThat(Families.all())
                .allSatisfy(family -> assertThat(family.source()).containsPattern("arXiv:\\d{4}\\.\\d{5}|https://"));
    }
}
