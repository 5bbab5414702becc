// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.testing.GoldenModel;
import dev.jacobian.testing.GoldenModels;
import dev.jacobian.transformer.family.Families;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.Biases;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.Head;
import dev.jacobian.transformer.plan.HeadNorm;
import dev.jacobian.transformer.plan.Norm;
import dev.jacobian.transformer.plan.Positions;
import dev.jacobian.transformer.plan.RopeConfig;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** config.json: what is read, both spellings, and every way of being wrong. */
class ConfigReaderTest {
    private static final String BASE = """
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 100, "hidden_size": 64,
         "intermediate_size": 96, "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2,
         "hidden_act": "silu", "max_position_embeddings": 128, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
         "torch_dtype": "bfloat16", "use_cache": true}
        """;

    private static DecoderConfig read(ObjectNode config) {
        return Families.parse(config, "config.json");
    }

    /** The attention of the first layer; but for windows all layers have the same. */
    private static Attention.Grouped attention(DecoderConfig config) {
        return (Attention.Grouped) config.plan().layers().getFirst().mixer();
    }

    private static FeedForward.Gated feedForward(DecoderConfig config) {
        return (FeedForward.Gated) config.plan().layers().getFirst().feedForward();
    }

    private static RopeConfig rope(DecoderConfig config) {
        return ((Positions.Rotary) attention(config).positions()).rope();
    }

    private static List<Integer> windows(DecoderConfig config) {
        return config.plan().layers().stream()
                .map(layer -> ((Attention.Grouped) layer.mixer()).window())
                .toList();
    }

    /** The base with fields replaced ({@code change} is an object); a null value removes the field. */
    private static ObjectNode with(String change) {
        ObjectNode config = (ObjectNode) Json.parse(BASE, "base");
        for (Map.Entry<String, com.fasterxml.jackson.databind.JsonNode> field :
                Json.parse(change, "change").properties()) {
            if (field.getValue().isNull()) {
                config.remove(field.getKey());
            } else {
                config.set(field.getKey(), field.getValue());
            }
        }
        return config;
    }

    @Test
    @DisplayName("what a plain Llama says, and what it leaves out")
    void base() {
        DecoderConfig config = read(with("{}"));
        assertThat(config.family()).isEqualTo("llama");
        assertThat(List.of(
                        config.vocabularySize(),
                        config.hiddenSize(),
                        feedForward(config).inner(),
                        config.layers(),
                        attention(config).heads(),
                        attention(config).kvHeads(),
                        attention(config).headDim(),
                        config.maxPositions()))
                .containsExactly(100, 64, 96, 3, 4, 2, 16, 128);
        assertThat(config.plan().finalNorm().epsilon()).isEqualTo(1e-5f);
        assertThat(rope(config)).isEqualTo(new RopeConfig.Default(10000));
        assertThat(config.plan().head()).isEqualTo(new Head.Tokens());
        assertThat(attention(config).biases()).isEqualTo(Biases.NONE);
        assertThat(attention(config).headNorm()).isEqualTo(new HeadNorm.None());
        assertThat(attention(config).scale()).isEqualTo(0.25f);
        assertThat(feedForward(config).biases()).isEqualTo(Biases.NONE);
        assertThat(windows(config)).containsExactly(0, 0, 0);
        assertThat(attention(read(with("{\"num_key_value_heads\": null}"))).kvHeads())
                .isEqualTo(4);
        assertThat(attention(read(with("{\"head_dim\": 32}"))).headDim()).isEqualTo(32);
    }

    @Test
    @DisplayName("what families say without words: biases, head norms, windows, Qwen3's head size")
    void families() {
        DecoderConfig qwen2 = read(with("{\"architectures\": null, \"model_type\": \"qwen2\"}"));
        assertThat(attention(qwen2).biases()).as("on q, k, v").isEqualTo(Biases.INPUTS);
        DecoderConfig qwen3 = read(with("{\"architectures\": [\"Qwen3ForCausalLM\"], \"model_type\": \"qwen3\"}"));
        assertThat(attention(qwen3).headNorm()).isEqualTo(new HeadNorm.PerHead(new Norm.Rms(1e-5f)));
        assertThat(attention(qwen3).headDim())
                .as("the class default of transformers")
                .isEqualTo(128);
        assertThat(attention(qwen3).biases()).isEqualTo(Biases.NONE);
        String mistral = "{\"architectures\": [\"MistralForCausalLM\"], \"model_type\": \"mistral\"";
        assertThat(windows(read(with(mistral + ", \"sliding_window\": 8}")))).containsExactly(8, 8, 8);
        assertThat(windows(read(with(mistral + "}")))).as("the class default").containsExactly(4096, 4096, 4096);
        ObjectNode none = with(mistral + "}");
        none.putNull("sliding_window");
        assertThat(windows(read(none))).containsExactly(0, 0, 0);
        DecoderConfig biased = read(with("{\"attention_bias\": true, \"mlp_bias\": true}"));
        assertThat(List.of(attention(biased).biases(), feedForward(biased).biases()))
                .containsOnly(Biases.ALL);
    }

    @Test
    @DisplayName("which layers slide")
    void windows() {
        String qwen2 = "{\"architectures\": null, \"model_type\": \"qwen2\", \"sliding_window\": 8";
        assertThat(windows(read(with(qwen2 + "}")))).containsExactly(0, 0, 0);
        assertThat(windows(read(with(qwen2 + ", \"use_sliding_window\": true, \"max_window_layers\": 2}"))))
                .containsExactly(0, 0, 8);
        String absent = "{\"architectures\": null, \"model_type\": \"qwen2\", \"use_sliding_window\": true";
        assertThat(windows(read(with(absent + "}"))))
                .as("class default: the first 28 layers do not")
                .containsOnly(0);
        assertThat(windows(read(with(absent + ", \"max_window_layers\": 1}")))).containsExactly(0, 4096, 4096);
        assertThat(windows(read(with(qwen2
                        + ", \"use_sliding_window\": true, \"layer_types\": [\"sliding_attention\","
                        + " \"full_attention\", \"sliding_attention\"]}"))))
                .containsExactly(8, 0, 8);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "'is_llama_config': true, 'rope_interleaved': false", // SmolLM2
                "'transformers.js_config': {'dtype': 'q4', 'kv_cache_dtype': {'q4f16': 'float16'}}",
                "'some_new_key': null, 'quantization_config': null, 'rope_scaling': null, 'head_dim': null",
                "'max_sequence_length': 2048, 'tokenizer_padding_side': 'right',"
                        + " 'tokenizer_model_max_length': 2048", // Vicuna
                "'attention_dropout': 0.1, 'hidden_dropout_prob': 0.1, 'resid_pdrop': 0.0, 'classifier_dropout': null",
                "'mlp_bias': false, 'partial_rotary_factor': 1.0, 'use_parallel_residual': false, 'pruned_heads': {}",
                "'_flash_attn_2_enabled': true, '_attn_implementation_autoset': true, 'gradient_checkpointing': false",
                "'rope_scaling': {'rope_type': 'linear', 'factor': 1.0, 'finetuned': true, 'beta_fast': null}",
            })
    @DisplayName("keys that cannot change a logit, and keys that are null, are let pass")
    void harmless(String keys) {
        ObjectNode config = with("{}");
        config.setAll((ObjectNode) Json.parse("{" + keys.replace('\'', '"') + "}", "keys"));
        DecoderConfig plain = read(with("{}"));
        DecoderConfig read = read(config);
        assertThat(read.parameters()).isEqualTo(plain.parameters());
        assertThat(rope(read).inverseFrequencies(16)).isEqualTo(rope(plain).inverseFrequencies(16));
        assertThat(read.plan().finalNorm().epsilon())
                .isEqualTo(plain.plan().finalNorm().epsilon());
        config.put("architectures", "x").putNull("architectures").put("model_type", "mistral");
        assertThat(read(config).hiddenSize()).as("of other families too").isEqualTo(64);
    }

    @Test
    @DisplayName("the message about an unknown key is one short line, and names the key that is meant")
    void unknownKeyIsShort() {
        assertThatThrownBy(() -> read(with("{\"rope_interleaved\": true}")))
                .hasMessage("config.json: the field 'rope_interleaved' is not supported. It may change what the"
                        + " file means, so it is not ignored; remove it if it is a slip");
        assertThatThrownBy(() -> read(with("{\"tie_word_embedings\": true}")))
                .hasMessageContaining("(is 'tie_word_embeddings' meant?)");
    }

    @Test
    @DisplayName("the largest sizes that are taken neither overflow nor cost memory")
    void largest() {
        DecoderConfig config = read(with("{\"hidden_size\": 131072, \"intermediate_size\": 1048576,"
                + " \"num_hidden_layers\": 4096, \"num_attention_heads\": 4096, \"num_key_value_heads\": 4096,"
                + " \"head_dim\": 4096, \"vocab_size\": 16777216, \"max_position_embeddings\": 16777216}"));
        assertThat(config.parameters())
                .isEqualTo(2 * (1L << 41) + 4096 * (4 * (1L << 41) + 3 * (1L << 37) + 2 * (1L << 17)) + (1L << 17));
    }

    static Stream<List<String>> spellings() {
        return Stream.of(
                List.of("{\"rope_theta\": 5e5}", "{\"rope_type\": \"default\", \"rope_theta\": 5e5}"),
                List.of(
                        "{\"rope_theta\": 5e5, \"rope_scaling\": {\"type\": \"linear\", \"factor\": 4.0}}",
                        "{\"rope_type\": \"linear\", \"factor\": 4.0, \"rope_theta\": 5e5}"),
                List.of(
                        "{\"rope_theta\": 5e5, \"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8.0,"
                                + " \"low_freq_factor\": 1.0, \"high_freq_factor\": 4.0,"
                                + " \"original_max_position_embeddings\": 32}}",
                        "{\"rope_type\": \"llama3\", \"factor\": 8.0, \"low_freq_factor\": 1.0,"
                                + " \"high_freq_factor\": 4.0, \"original_max_position_embeddings\": 32,"
                                + " \"rope_theta\": 5e5}"),
                List.of(
                        "{\"rope_theta\": 5e5, \"rope_scaling\": {\"type\": \"yarn\", \"rope_type\": \"yarn\","
                                + " \"factor\": 4.0, \"original_max_position_embeddings\": 32}}",
                        "{\"rope_type\": \"yarn\", \"factor\": 4.0, \"original_max_position_embeddings\": 32,"
                                + " \"rope_theta\": 5e5}"));
    }

    @ParameterizedTest
    @MethodSource("spellings")
    @DisplayName("transformers 4 and 5 spell the same rotary embedding differently")
    void spellingsAgree(List<String> spelling) {
        ObjectNode modern = with("{\"rope_theta\": null, \"torch_dtype\": null, \"dtype\": \"bfloat16\"}");
        modern.set("rope_parameters", Json.parse(spelling.get(1), "v5"));
        RopeConfig v4 = rope(read(with(spelling.get(0))));
        assertThat(rope(read(modern))).isEqualTo(v4);
        assertThat(v4.theta()).isEqualTo(5e5);
        modern.set("rope_scaling", Json.parse(spelling.get(1), "v5")); // exporters that write both, alike
        modern.put("rope_theta", 5e5);
        assertThat(rope(read(modern))).isEqualTo(v4);
    }

    @Test
    @DisplayName("a θ inside of the rotary numbers counts, whatever is beside them; 10,000 where there is none")
    void theta() {
        assertThat(rope(read(with("{\"rope_theta\": null}"))).theta()).isEqualTo(10_000);
        assertThat(rope(read(with("{\"rope_theta\": null, \"rope_scaling\": {\"type\": \"linear\", \"factor\": 2}}"))))
                .isEqualTo(new RopeConfig.Linear(10_000, 2));
        for (String key : List.of("rope_parameters", "rope_scaling")) {
            ObjectNode both = with("{\"rope_theta\": 123.0}");
            both.set(key, Json.parse("{\"rope_type\": \"default\", \"rope_theta\": 500.0}", key));
            assertThat(rope(read(both))).as(key).isEqualTo(new RopeConfig.Default(500));
        }
        ObjectNode outside = with("{\"rope_theta\": 123.0, \"rope_parameters\": {\"rope_type\": \"default\"}}");
        assertThat(rope(read(outside)).theta()).isEqualTo(123);
    }

    private static DecoderConfig family(String type, String change) {
        ObjectNode config = with(change);
        config.remove("architectures");
        return read(config.put("model_type", type));
    }

    @Test
    @DisplayName("OLMo 3: numbers by type of layer in either spelling; what scales is the layers without a window")
    void rotaryByLayerType() {
        String yarn = "{\"rope_type\": \"yarn\", \"factor\": 8.0, \"original_max_position_embeddings\": 64";
        List<DecoderConfig> spellings = List.of(
                family("olmo3", "{\"num_hidden_layers\": 4, \"rope_theta\": 5e5, \"rope_scaling\": " + yarn + "}}"),
                family(
                        "olmo3",
                        "{\"num_hidden_layers\": 4, \"rope_theta\": null, \"rope_parameters\": " + yarn
                                + ", \"rope_theta\": 5e5}}"),
                family(
                        "olmo3",
                        "{\"num_hidden_layers\": 4, \"rope_theta\": 7.0, \"rope_parameters\": {\"full_attention\": "
                                + yarn + ", \"rope_theta\": 5e5}, \"sliding_attention\": {\"rope_type\": \"default\","
                                + " \"rope_theta\": 5e5}}}"));
        for (DecoderConfig config : spellings) {
            assertThat(windows(config)).containsExactly(4096, 4096, 4096, 0);
            List<RopeConfig> ropes = config.plan().layers().stream()
                    .map(layer -> ((Positions.Rotary) ((Attention.Grouped) layer.mixer()).positions()).rope())
                    .toList();
            assertThat(ropes.subList(0, 3)).containsOnly(new RopeConfig.Default(5e5));
            assertThat(ropes.get(3)).isInstanceOf(RopeConfig.Yarn.class);
            assertThat(ropes.get(3).theta()).isEqualTo(5e5);
        }
        assertThatThrownBy(() -> family(
                        "olmo3",
                        "{\"rope_parameters\": {\"full_attention\": {}, \"sliding_attention\": {},"
                                + " \"chunked_attention\": {}}}"))
                .hasMessageContaining("chunked_attention");
        assertThatThrownBy(() -> family("llama", "{\"rope_parameters\": {\"full_attention\": {}}}"))
                .as("a family with one rotation")
                .hasMessageContaining("full_attention");
    }

    @Test
    @DisplayName("SmolLM3: which layers have positions, and windows where they have none")
    void layersWithoutPositions() {
        assertThat(turning(family("smollm3", "{\"num_hidden_layers\": 4}"))).containsExactly(true, true, true, false);
        assertThat(turning(family("smollm3", "{\"no_rope_layer_interval\": 2}")))
                .containsExactly(true, false, true);
        DecoderConfig listed = family(
                "smollm3",
                "{\"no_rope_layers\": [0, 1, 0], \"no_rope_layer_interval\": 1, \"use_sliding_window\": true,"
                        + " \"sliding_window\": 8}");
        assertThat(turning(listed)).containsExactly(false, true, false);
        assertThat(windows(listed)).containsExactly(8, 0, 8);
        assertThat(windows(family("smollm3", "{\"use_sliding_window\": true}")))
                .as("no window unless one is given")
                .containsOnly(0);
        assertThat(family("smollm3", "{}").plan().head()).isInstanceOf(Head.TiedTokens.class);
        assertThat(rope(family("smollm3", "{\"rope_theta\": null}")).theta()).isEqualTo(2e6);
        assertThatThrownBy(() -> family("smollm3", "{\"no_rope_layers\": [1, 1]}"))
                .hasMessageContaining("no_rope_layers has 2 entries for 3 layers");
        assertThatThrownBy(() -> family("smollm3", "{\"no_rope_layers\": [1, 2, 1]}"))
                .hasMessageContaining("no_rope_layers has 2");
    }

    private static List<Boolean> turning(DecoderConfig config) {
        return config.plan().layers().stream()
                .map(layer -> ((Attention.Grouped) layer.mixer()).positions() instanceof Positions.Rotary)
                .toList();
    }

    @Test
    @DisplayName("GPT-2: its own names, its width of the feed-forward, scores divided by the number of the layer")
    void gpt2() {
        String base = "{\"model_type\": \"gpt2\", \"vocab_size\": 50, \"n_embd\": 30, \"n_layer\": 2, \"n_head\": 2,"
                + " \"n_positions\": 40, \"activation_function\": \"gelu_new\", \"layer_norm_epsilon\": 1e-5";
        DecoderConfig plain = read((ObjectNode) Json.parse(base + "}", "gpt2"));
        assertThat(attention(plain).headDim()).as("odd, as nothing is turned").isEqualTo(15);
        assertThat(plain.plan().layers().getFirst().feedForward().inner()).isEqualTo(120);
        assertThat(plain.maxPositions()).isEqualTo(40);
        assertThat(plain.plan().embedding().learnedPositions()).isEqualTo(40);
        DecoderConfig other = read(
                (ObjectNode) Json.parse(base + ", \"n_inner\": 7, \"scale_attn_by_inverse_layer_idx\": true}", "gpt2"));
        assertThat(other.plan().layers().get(1).feedForward().inner()).isEqualTo(7);
        assertThat(((Attention.Grouped) other.plan().layers().get(1).mixer()).scale())
                .isEqualTo(attention(plain).scale() / 2);
        DecoderConfig unscaled = read((ObjectNode) Json.parse(base + ", \"scale_attn_weights\": false}", "gpt2"));
        assertThat(attention(unscaled).scale()).isEqualTo(1);
        for (String wrong : List.of(
                "\"activation_function\": \"quick_gelu\"",
                "\"add_cross_attention\": true",
                "\"n_inner\": 0",
                "\"hidden_size\": 30")) {
            assertThatThrownBy(() -> read((ObjectNode) Json.parse(base + ", " + wrong + "}", "gpt2")))
                    .isInstanceOf(FormatException.class)
                    .hasMessageContaining(wrong.substring(1, wrong.indexOf('"', 1)));
        }
    }

    @Test
    @DisplayName("Nemotron: the part of a head that is turned; a number inside of the rotary ones counts")
    void partOfHeads() {
        String base = "{\"rms_norm_eps\": null, \"norm_eps\": 1e-5, \"hidden_act\": \"relu2\"";
        assertThat(turned(family("nemotron", base + "}"))).isEqualTo(8);
        assertThat(turned(family("nemotron", base + ", \"partial_rotary_factor\": 0.3}")))
                .as("rounded down")
                .isEqualTo(4);
        String inside = ", \"partial_rotary_factor\": 0.5, \"rope_parameters\": {\"rope_type\": \"default\","
                + " \"rope_theta\": 1e4, \"partial_rotary_factor\": 1.0}}";
        assertThat(turned(family("nemotron", base + inside))).isEqualTo(16);
        for (String wrong : List.of("0.05", "0.2", "1.5", "-1")) {
            assertThatThrownBy(() -> family("nemotron", base + ", \"partial_rotary_factor\": " + wrong + "}"))
                    .hasMessageContaining("partial_rotary_factor " + Double.parseDouble(wrong));
        }
    }

    private static int turned(DecoderConfig config) {
        return ((Positions.Rotary) attention(config).positions()).dimensions();
    }

    @Test
    @DisplayName("Granite: its factors, 1 where a file has none; a score is multiplied by its factor alone")
    void factors() {
        DecoderConfig plain = family("granite", "{}");
        assertThat(attention(plain).scale()).isEqualTo(1);
        assertThat(plain.plan().head()).isEqualTo(new Head.Tokens());
        DecoderConfig scaled = family(
                "granite",
                "{\"attention_multiplier\": 0.25, \"embedding_multiplier\": 12, \"residual_multiplier\": 0.5,"
                        + " \"logits_scaling\": 8}");
        assertThat(attention(scaled).scale()).isEqualTo(0.25f);
        assertThat(scaled.plan().embedding().scale()).isEqualTo(12);
        assertThat(scaled.plan().layers().getFirst().residual().scale()).isEqualTo(0.5f);
        assertThat(scaled.plan().head()).isEqualTo(new Head.Tokens(Head.Logits.scaled(0.125f)));
        for (String key :
                List.of("attention_multiplier", "embedding_multiplier", "residual_multiplier", "logits_scaling")) {
            assertThatThrownBy(() -> family("granite", "{\"" + key + "\": 0}")).hasMessageContaining(key);
        }
    }

    @Test
    @DisplayName("Ministral 3: queries that grow need their numbers")
    void growingQueries() {
        String rope = "{\"rope_parameters\": {\"rope_type\": \"default\", \"rope_theta\": 1e6,"
                + " \"original_max_position_embeddings\": 8";
        Positions positions = attention(family("ministral3", rope + ", \"llama_4_scaling_beta\": 0.5}}"))
                .positions();
        Positions.GrowingQueries growing = (Positions.GrowingQueries) positions;
        assertThat(growing.rotary().rope()).isEqualTo(new RopeConfig.Default(1e6));
        assertThat(growing.factor(7)).isEqualTo(1f);
        assertThat(growing.factor(8)).isEqualTo((float) (1 + 0.5 * Math.log(2)));
        assertThat(growing.factor(25)).isEqualTo((float) (1 + 0.5 * Math.log(4)));
        assertThatThrownBy(() -> family("ministral3", rope + "}}")).hasMessageContaining("llama_4_scaling_beta");
        assertThatThrownBy(() -> family("ministral3", "{}")).hasMessageContaining("llama_4_scaling_beta");
        assertThatThrownBy(() -> family("ministral3", rope + ", \"llama_4_scaling_beta\": 1e39}}"))
                .hasMessageContaining("llama_4_scaling_beta is 1.0E39");
        assertThatThrownBy(() -> family(
                        "mistral", "{\"rope_parameters\": {\"rope_theta\": 1e6, \"llama_4_scaling_beta\": 0.5}}"))
                .as("of another family")
                .hasMessageContaining("llama_4_scaling_beta");
    }

    @ParameterizedTest(name = "{0} -> {1}")
    @CsvSource(
            quoteCharacter = '`',
            delimiter = '|',
            value = {
                "{`model_type`: `no_family`} | model_type 'no_family'",
                "{`model_type`: null} | 'model_type' is missing",
                "{`architectures`: [`LlamaForQuestionAnswering`]} | LlamaForQuestionAnswering",
                "{`architectures`: [`Qwen3ForCausalLM`]} | Qwen3ForCausalLM",
                "{`hidden_act`: `quick_gelu`} | hidden_act 'quick_gelu'",
                "{`hidden_act`: null} | 'hidden_act' is missing",
                "{`attn_logit_softcapping`: 50.0} | attn_logit_softcapping",
                "{`rope_theta`: 1} | rope_theta must be above 1",
                "{`rope_theta`: `10000`} | 'rope_theta' must be a number",
                "{`head_dim`: 15} | head_dim 15 is odd",
                "{`head_dim`: 0} | head_dim",
                "{`hidden_size`: 66} | does not divide into 4 heads",
                "{`hidden_size`: 60} | 4 heads of even size",
                "{`num_key_value_heads`: 3} | no multiple of num_key_value_heads 3",
                "{`num_key_value_heads`: 0} | num_key_value_heads",
                "{`num_hidden_layers`: null} | 'num_hidden_layers' is missing",
                "{`num_hidden_layers`: 2.5} | 'num_hidden_layers' must be an integer",
                "{`vocab_size`: -1} | 'vocab_size' must lie between 1",
                "{`vocab_size`: 1000000000000} | 'vocab_size' must be an integer",
                "{`rms_norm_eps`: 0} | rms_norm_eps must be positive",
                "{`rms_norm_eps`: 1e400} | 'rms_norm_eps' must be a number that is finite",
                "{`rms_norm_eps`: 1e39} | rms_norm_eps must be positive and finite",
                "{`rms_norm_eps`: 1e-60} | rms_norm_eps must be positive and finite",
                "{`rms_norm_eps`: -1e-5} | rms_norm_eps must be positive and finite",
                "{`initializer_range`: 1e39} | initializer_range",
                "{`initializer_range`: -1} | initializer_range",
                "{`rope_theta`: 1e300} | rope_theta must be above 1 and finite",
                "{`rope_theta`: 1.000000000001} | rope_theta must be above 1",
                "{`rope_scaling`: {`type`: `linear`, `factor`: 1e400}} | 'factor' must be a number that is finite",
                "{`rope_scaling`: {`type`: `linear`, `factor`: 1e39}} | factor must be at least 1 and finite",
                "{`rope_scaling`: {`type`: `yarn`, `factor`: 2, `attention_factor`: 1e300}} | attention_factor must",
                "{`rope_scaling`: {`type`: `yarn`, `factor`: 2, `attention_factor`: 0}} | attention_factor must",
                "{`rope_scaling`: {`type`: `yarn`, `factor`: 2, `attention_factor`: -1}} | attention_factor must",
                "{`rope_scaling`: {`type`: `yarn`, `factor`: 2, `beta_fast`: 0}} | beta_fast must",
                "{`rope_scaling`: {`type`: `yarn`, `factor`: 2, `beta_slow`: -1}} | beta_slow must",
                "{`rope_scaling`: {`type`: `yarn`, `factor`: 2, `mscale`: -300, `mscale_all_dim`: 1}} |"
                        + " attention_factor must",
                "{`rope_scaling`: {`rope_type`: `llama3`, `factor`: 8.0, `low_freq_factor`: 1.0, `high_freq_factor`:"
                        + " 1e300, `original_max_position_embeddings`: 32}} | both finite",
                "{`num_hidden_layers`: 16777216} | 'num_hidden_layers' must lie between 1 and 4096",
                "{`hidden_size`: 16777216} | 'hidden_size' must lie between 1 and",
                "{`max_position_embeddings`: 2000000000} | 'max_position_embeddings' must lie between 1 and",
                "{`quantization_config`: {`quant_method`: `aqlm`}} | quantized by aqlm",
                "{`pruned_heads`: {`0`: [1]}} | pruned_heads",
                "{`partial_rotary_factor`: 0.5} | partial_rotary_factor",
                "{`rms_norm_eps`: null} | 'rms_norm_eps' is missing",
                "{`tie_word_embeddings`: `yes`} | 'tie_word_embeddings' must be true or false",
                "{`use_mrope`: true} | use_mrope",
                "{`layer_types`: [`full_attention`]} | layer_types[1]",
                "{`layer_types`: [`full_attention`, `chunked_attention`, `full_attention`]} | chunked_attention",
                "{`layer_types`: [`full_attention`, `full_attention`, `full_attention`, `full_attention`]} |"
                        + " layer_types",
                "{`rope_scaling`: `linear`} | rope_scaling",
                "{`rope_scaling`: {`rope_type`: `proportional`, `factor`: 2.0}} | rope_type 'proportional'",
                "{`rope_scaling`: {`rope_type`: `longrope`}} | short_factor",
                "{`rope_scaling`: {`rope_type`: `linear`, `type`: `yarn`, `factor`: 2.0}} | rope_type 'linear' and"
                        + " type 'yarn'",
                "{`rope_scaling`: {`type`: `linear`}} | 'factor' is missing",
                "{`rope_scaling`: {`type`: `linear`, `factor`: 0.5}} | factor must be at least 1",
                "{`rope_scaling`: {`factor`: 2.0}} | rope_type is default but factor",
                "{`rope_scaling`: {`type`: `linear`, `factor`: 2.0, `beta_fast`: 32}} | beta_fast",
                "{`rope_scaling`: {`rope_type`: `llama3`, `factor`: 8.0, `low_freq_factor`: 4.0, `high_freq_factor`:"
                        + " 1.0, `original_max_position_embeddings`: 32}} | low_freq_factor < high_freq_factor",
                "{`rope_scaling`: {`rope_type`: `llama3`, `factor`: 8.0, `low_freq_factor`: 1.0, `high_freq_factor`:"
                        + " 4.0}} | original_max_position_embeddings",
                "{`rope_parameters`: {`rope_type`: `default`}, `rope_scaling`: {`type`: `linear`, `factor`: 2.0}}"
                        + " | rope_parameters and rope_scaling",
                "{`architectures`: null, `model_type`: `qwen2`, `use_sliding_window`: true, `max_window_layers`: 1,"
                        + " `sliding_window`: 0} | layer 1 slides but sliding_window is not positive",
                "{`architectures`: null, `model_type`: `mistral`, `sliding_window`: 0} | sliding_window",
            })
    @DisplayName("wrong configurations")
    void refused(String change, String message) {
        ObjectNode config = with(change.replace('`', '"'));
        assertThatThrownBy(() -> read(config))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining(message)
                .hasMessageContaining("config.json");
    }

    @GoldenModels
    @DisplayName("the goldens' configurations: parameters as counted by transformers")
    void goldens(GoldenModel golden) {
        assertThat(Families.read(golden.folder()).parameters())
                .isEqualTo(golden.json().get("num_parameters").longValue());
    }
}
