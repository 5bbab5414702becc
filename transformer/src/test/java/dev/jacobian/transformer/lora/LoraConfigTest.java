// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.family.Families;
import dev.jacobian.transformer.plan.TensorSpec;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What adapter_config.json says, and which modules it means. */
class LoraConfigTest {
    private static LoraConfig config(String json) {
        return LoraConfigReader.parse(
                Json.parse(json.replace('\'', '"'), "adapter_config.json"), "adapter_config.json");
    }

    private static LoraPlan plan(String json, String model) {
        DecoderConfig decoder = Families.read(TestPaths.model(model));
        return LoraPlan.of(config(json), decoder.plan(), "adapter_config.json");
    }

    private static List<String> modules(String json, String model) {
        return plan(json, model).targets().stream()
                .map(LoraTarget::module)
                .distinct()
                .toList();
    }

    @Test
    @DisplayName("names mean whole last parts of paths; an expression means the whole path; exclude_modules wins")
    void names() {
        assertThat(modules("{'target_modules': ['q_proj']}", "qwen3"))
                .contains("model.layers.0.self_attn.q_proj")
                .allMatch(module -> module.endsWith(".q_proj"));
        assertThatThrownBy(() -> modules("{'target_modules': ['proj']}", "qwen3"))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("none of the model's modules")
                .hasMessageContaining("model.layers.0.self_attn.q_proj");
        assertThat(modules("{'target_modules': '.*\\\\.0\\\\..*_proj', 'exclude_modules': ['down_proj']}", "qwen3"))
                .contains("model.layers.0.mlp.up_proj")
                .noneMatch(module -> module.contains(".1.") || module.endsWith("down_proj"));
        assertThat(modules("{'target_modules': ['q_proj'], 'exclude_modules': '.*layers\\\\.0.*'}", "qwen3"))
                .noneMatch(module -> module.contains(".0."));
    }

    @Test
    @DisplayName(
            "all-linear is every linear layer but the head and what chooses experts; the default is queries and values")
    void groups() {
        assertThat(modules("{'target_modules': 'all-linear'}", "qwen2-moe"))
                .contains("model.layers.0.self_attn.o_proj", "model.layers.0.mlp.shared_expert_gate")
                .noneMatch(module ->
                        module.endsWith("mlp.gate") || module.contains(".experts.") || module.equals("lm_head"));
        assertThat(modules("{}", "qwen3")).allMatch(module -> module.endsWith("q_proj") || module.endsWith("v_proj"));
        assertThat(modules("{}", "gpt2")).allMatch(module -> module.endsWith("attn.c_attn"));
        assertThatThrownBy(() -> modules("{}", "deepseek-v3")).hasMessageContaining("has no default");
    }

    @Test
    @DisplayName("layers: by number, in the list of that name")
    void layers() {
        String json = "{'target_modules': ['q_proj'], 'layers_to_transform': %s, 'layers_pattern': '%s'}";
        assertThat(modules(json.formatted("[1]", "layers"), "qwen3"))
                .containsExactly("model.layers.1.self_attn.q_proj");
        assertThat(modules("{'target_modules': ['q_proj'], 'layers_to_transform': 0}", "qwen3"))
                .containsExactly("model.layers.0.self_attn.q_proj");
        assertThatThrownBy(() -> modules(json.formatted("[1]", "h"), "qwen3"))
                .hasMessageContaining("none of the model's");
        assertThatThrownBy(() -> config("{'target_modules': '.*q_proj', 'layers_to_transform': [0]}"))
                .hasMessageContaining("goes with a list");
    }

    @Test
    @DisplayName("ranks and alphas of their own: the first expression that matches the end of the path")
    void patterns() {
        LoraPlan plan = plan(
                "{'r': 4, 'lora_alpha': 8, 'target_modules': ['q_proj', 'k_proj'], 'rank_pattern':"
                        + " {'layers.0.self_attn.q_proj': 2, 'q_proj': 16}, 'alpha_pattern': {'.*k_proj': 6}}",
                "qwen3");
        assertThat(plan.targets().stream()
                        .filter(t -> t.module().contains("layers.0."))
                        .toList())
                .extracting(target -> target.a().extents().getFirst())
                .containsExactly(2, 4);
        assertThat(plan.targets()).extracting(LoraTarget::scale).contains(4f, 1.5f, 0.5f);
        assertThat(plan("{'r': 4, 'lora_alpha': 8, 'use_rslora': true, 'target_modules': ['q_proj']}", "qwen3")
                        .targets())
                .allMatch(target -> target.scale() == 4);
    }

    @Test
    @DisplayName("a module to save is trained whole, under its own name, and is no target")
    void saved() {
        LoraPlan plan =
                plan("{'target_modules': ['q_proj', 'lm_head'], 'modules_to_save': ['lm_head', 'mlp']}", "qwen2-yarn");
        assertThat(plan.tensors())
                .extracting(TensorSpec::name)
                .contains("base_model.model.lm_head.weight", "base_model.model.model.layers.0.mlp.up_proj.weight")
                .noneMatch(name -> name.contains("lm_head.lora"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'target_modules': ['gate']} | mixtral | chooses experts",
                "{'target_modules': ['gate_proj']} | qwen3-moe | experts",
                "{'target_modules': ['conv']} | lfm2 | no linear layer",
                "{'target_modules': ['input_layernorm']} | qwen3 | no linear layer",
                "{'target_modules': ['wpe']} | gpt2 | a table",
                "{'target_modules': ['embed_tokens'], 'use_dora': true} | qwen3 | use_dora",
                "{'target_modules': ['q_proj', 'lm_head'], 'ensure_weight_tying': true} | llama-mha-tied |"
                        + " ensure_weight_tying"
            })
    @DisplayName("what cannot be changed is an error that names it")
    void unchangeable(String json, String model, String message) {
        assertThatThrownBy(() -> plan(json, model))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'peft_type': 'IA3'} | peft_type 'IA3'",
                "{'r': 0} | rank of 0",
                "{'r': 4, 'lora_alpha': 0} | lora_alpha",
                "{'lora_dropout': 1.5} | lora_dropout",
                "{'bias': 'some'} | none, all or lora_only",
                "{'init_lora_weights': 'pissa'} | 'pissa', which is not supported",
                "{'lora_bias': true} | 'lora_bias' is not supported",
                "{'target_parameters': ['mlp.experts.gate_up_proj']} | experts",
                "{'trainable_token_indices': [1]} | trainable_token_indices",
                "{'layer_replication': [[0, 2]]} | layer_replication",
                "{'use_tomorrow': 3} | use_tomorrow",
                "{'target_modules': '['} | no regular expression",
                "{'rank_pattern': {'q_proj': -1}} | rank of -1"
            })
    @DisplayName("what is not computed here is an error that names it")
    void unsupported(String json, String message) {
        assertThatThrownBy(() -> config(json))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining(message);
    }

    @Test
    @DisplayName("an adapter that PEFT began otherwise without changing the model is read, and not begun here")
    void beginnings() {
        assertThat(config("{'init_lora_weights': 'eva'}").init()).isEqualTo(Init.OF_PEFT);
        assertThat(config("{'init_lora_weights': 'orthogonal'}").init()).isEqualTo(Init.OF_PEFT);
        LoraConfig eva = config("{'init_lora_weights': 'eva', 'target_modules': ['q_proj']}");
        assertThatThrownBy(() ->
                        CausalLM.load(TestPaths.model("qwen3"), ModelOptions.DEFAULT, new AdapterSource.Fresh(eva, 1)))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("\"eva\", which is not supported for a new adapter");
    }

    @Test
    @DisplayName("keys of later versions that ask for nothing are passed over")
    void later() {
        assertThat(config("{'use_tomorrow': false, 'tomorrow_config': {}, 'tomorrow': null, 'r': 2}")
                        .rank())
                .isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {"(.*.*.*.*.*.*.*.*)*x", "(){99999}(){99999}q", "(a|aa|.)*\\\\1?(.+)+$0"})
    @DisplayName("an expression that would go on for ages ends in an error or an answer")
    void hostile(String expression) {
        Assertions.assertTimeoutPreemptively(Duration.ofSeconds(20), () -> {
            try {
                modules("{'target_modules': '" + expression + "'}", "qwen3");
            } catch (FormatException expected) {
                assertThat(expected).hasMessageContaining("target_modules");
            }
        });
    }
}
