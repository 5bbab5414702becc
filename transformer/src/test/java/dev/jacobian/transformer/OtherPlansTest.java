// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static dev.jacobian.testing.Bits.assertBits;
import static dev.jacobian.testing.Bits.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.io.Json;
import dev.jacobian.io.quantized.StoredWeights;
import dev.jacobian.io.safetensors.CheckpointTensors;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.family.Families;
import dev.jacobian.transformer.plan.Attention.Grouped;
import dev.jacobian.transformer.plan.Biases;
import dev.jacobian.transformer.plan.CheckpointNames;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Residual;
import dev.jacobian.transformer.plan.Role;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a plan can say, apart from any family: residual forms, and layouts of checkpoints. What families compute is held to
 * transformers in {@link GoldenModelsTest}.
 */
class OtherPlansTest {
    @TempDir
    Path temporary;

    private static CausalLM load(DecoderPlan plan, Path folder) {
        ObjectNode source = (ObjectNode) Json.read(folder.resolve("config.json"));
        DecoderConfig config = new DecoderConfig("other", plan, 128, 0.02f, source);
        try (CheckpointTensors tensors = CheckpointTensors.open(folder)) {
            CheckpointWeights weights =
                    new CheckpointWeights(StoredWeights.of(tensors, Optional.empty()), plan, folder);
            CausalLM model = new CausalLM(config, CheckpointFiles.none(), weights, ModelOptions.DEFAULT);
            weights.requireAllUsed();
            return model;
        }
    }

    /** A plan with biases and head norms, so that fused tensors of every kind occur. */
    private DecoderPlan biased(CheckpointNames names) {
        String config = """
            {"model_type": "qwen3", "vocab_size": 40, "hidden_size": 16, "intermediate_size": 24,
             "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 4, "head_dim": 4,
             "hidden_act": "silu", "max_position_embeddings": 64, "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
             "attention_bias": true, "initializer_range": 0.3, "tie_word_embeddings": true}
            """;
        Json.write(temporary.resolve("config.json"), Json.parse(config, "model"));
        DecoderPlan plan = Families.read(temporary).plan();
        return new DecoderPlan(plan.embedding(), plan.layers(), plan.finalNorm(), plan.head(), names);
    }

    @Test
    @DisplayName("fused, alternating and transposed tensors come back as what was stored, and compute the same bits")
    void layouts() {
        List<CheckpointNames> layouts = List.of(
                CheckpointNames.LLAMA.fused("layer.{}.qkv", Role.QUERY, Role.KEY, Role.VALUE),
                CheckpointNames.LLAMA.interleaved("layer.{}.qkv", 4, Role.QUERY, Role.KEY, Role.VALUE),
                CheckpointNames.LLAMA.interleaved("layer.{}.gate_up", 1, Role.GATE, Role.UP),
                CheckpointNames.LLAMA.transposed(Role.OUTPUT, Role.DOWN),
                CheckpointNames.LLAMA
                        .fused("layer.{}.c_attn", Role.QUERY, Role.KEY, Role.VALUE)
                        .transposed(Role.QUERY, Role.KEY, Role.VALUE));
        int[] tokens = TestModels.tokens(3, 11, 40);
        DecoderPlan plain = biased(CheckpointNames.LLAMA);
        float[] expected = fresh(plain).logits(tokens).toFloatArray();
        for (CheckpointNames names : layouts) {
            CausalLM model = fresh(biased(names));
            assertBits("fresh", model.logits(tokens).toFloatArray(), expected);
            Path saved = temporary.resolve("saved");
            model.save(saved, DType.F32);
            assertBits("loaded", load(biased(names), saved).logits(tokens).toFloatArray(), expected);
        }
    }

    private static CausalLM fresh(DecoderPlan plan) {
        return CausalLM.create(new DecoderConfig("other", plan, 64, 0.3f, Json.object()), Optional.empty(), 5);
    }

    @Test
    @DisplayName("where rows lie: one below the other, and in turns")
    void rows() {
        DecoderPlan plan = biased(CheckpointNames.LLAMA
                .interleaved("layer.{}.qkv", 4, Role.QUERY, Role.KEY, Role.VALUE)
                .fused("layer.{}.gate_up", Role.GATE, Role.UP)
                .transposed(Role.GATE, Role.UP));
        CausalLM model = fresh(plan);
        model.inCheckpointForm(Parameter::value, (name, stored) -> {
            if (name.equals("layer.1.qkv.weight")) {
                assertThat(stored.shape().toArray()).containsExactly(48, 16);
                Tensor key = model.parameter("layer.1.qkv.weight[KEY]").value(); // [16, 16]
                // heads of 4 rows: q0 k0 v0 q1 k1 ...; row 5 of the keys is row 1 of their second head
                assertBits(
                        "row of a key",
                        stored.slice(0, 17, 18).toFloatArray(),
                        key.slice(0, 5, 6).toFloatArray());
            }
            if (name.equals("layer.0.gate_up.weight")) {
                assertThat(stored.shape().toArray()).as("lying").containsExactly(16, 48);
                Tensor up = model.parameter("layer.0.gate_up.weight[UP]").value(); // [24, 16]
                assertBits(
                        "column of up",
                        stored.slice(1, 24 + 7, 24 + 8).toFloatArray(),
                        up.slice(0, 7, 8).toFloatArray());
            }
        });
    }

    @Test
    @DisplayName(
            "norms of each head with a weight of its own: one tensor [H, headDim] in Command R+, saved and loaded to"
                    + " the same bits")
    void headGains() {
        String config = """
            {"model_type": "cohere", "vocab_size": 40, "hidden_size": 16, "intermediate_size": 24,
             "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "hidden_act": "silu",
             "max_position_embeddings": 64, "layer_norm_eps": 1e-5, "rope_theta": 10000.0, "use_qk_norm": true}
            """;
        CausalLM model = CausalLM.create(Families.parse(Json.parse(config, "model"), "model"), Optional.empty(), 5);
        Parameter gains = model.parameter("model.layers.1.self_attn.q_norm.weight");
        assertThat(gains.value().shape().toArray()).containsExactly(4, 4);
        for (int i = 0; i < 16; i++) {
            gains.value().floats()[i] = 0.5f + i;
        }
        gains.valueChanged();
        int[] tokens = TestModels.tokens(3, 11, 40);
        Path saved = temporary.resolve("cohere");
        model.save(saved, DType.F32);
        assertBits(
                "loaded",
                CausalLM.load(saved).logits(tokens).toFloatArray(),
                model.logits(tokens).toFloatArray());
    }

    @Test
    @DisplayName("a parallel layer is the sum of two layers of one branch, less the state counted twice")
    void parallel() {
        int[] tokens = TestModels.tokens(4, 9, 40);
        DecoderPlan pre = oneLayer(Residual.PRE);
        float[] both = states(fresh(oneLayer(Residual.PARALLEL)), tokens);
        CausalLM onlyAttention = fresh(pre);
        zero(onlyAttention, "model.layers.0.mlp.down_proj.weight");
        CausalLM onlyMlp = fresh(pre);
        zero(onlyMlp, "model.layers.0.self_attn.o_proj.weight");
        float[] a = states(onlyAttention, tokens);
        float[] f = states(onlyMlp, tokens);
        float[] h = onlyMlp.backbone().embed(tokens).value().toFloatArray();
        float[] sum = new float[h.length];
        for (int i = 0; i < sum.length; i++) {
            sum[i] = a[i] + f[i] - h[i];
        }
        assertClose("parallel", both, sum, 1e-5);
    }

    @Test
    @DisplayName("one norm for both branches is two norms of equal weights; forms have the norms that they say")
    void norms() {
        int[] tokens = TestModels.tokens(5, 9, 40);
        // fresh norms are all 1, so both forms of parallel layers compute the same, though of fewer tensors
        DecoderPlan two = oneLayer(Residual.PARALLEL);
        DecoderPlan one = oneLayer(Residual.PARALLEL_ONE_NORM);
        assertThat(one.parameters()).isEqualTo(two.parameters() - 16);
        CausalLM source = fresh(two);
        CausalLM shared = copyInto(one, source);
        assertBits("one norm", states(shared, tokens), states(source, tokens));
        DecoderPlan sandwich = oneLayer(Residual.SANDWICH);
        assertThat(sandwich.parameters()).isEqualTo(two.parameters() + 2 * 16);
        float[] scaled = states(copyInto(oneLayer(Residual.PRE.scaled(0f)), source), tokens);
        assertBits(
                "branches times 0",
                scaled,
                source.backbone().embed(tokens).value().toFloatArray());
    }

    private DecoderPlan oneLayer(Residual residual) {
        DecoderPlan plan = biased(CheckpointNames.LLAMA
                .named(Role.ATTENTION_POST_NORM, "model.layers.{}.after_attention")
                .named(Role.FEED_FORWARD_POST_NORM, "model.layers.{}.after_mlp"));
        LayerPlan layer = plan.layers().getFirst();
        Grouped attention = ((Grouped) layer.mixer()).biases(Biases.NONE);
        return new DecoderPlan(
                plan.embedding(),
                List.of(new LayerPlan(residual, layer.norm(), attention, layer.feedForward())),
                plan.finalNorm(),
                plan.head(),
                plan.names());
    }

    /** A model of another plan with the weights of a model, norms that it lacks 1. */
    private static CausalLM copyInto(DecoderPlan plan, CausalLM source) {
        DecoderConfig config = new DecoderConfig("other", plan, 64, 0.3f, Json.object());
        Set<String> there =
                Set.copyOf(source.parameters().stream().map(Parameter::name).toList());
        Weights weights = spec -> {
            Tensor value = there.contains(spec.name())
                    ? source.parameter(spec.name()).value().copy()
                    : Tensor.zeros(spec.shape());
            if (!there.contains(spec.name())) {
                value.fill(1f);
            }
            return Weights.parameter(spec, value);
        };
        return new CausalLM(config, CheckpointFiles.none(), weights, ModelOptions.DEFAULT);
    }

    /** The raw output of the last layer. */
    private static float[] states(CausalLM model, int[] tokens) {
        List<Tensor> states = new ArrayList<>();
        model.hidden(
                tokens,
                Segments.of(tokens.length),
                state -> states.add(state.value().copy()));
        return states.getLast().toFloatArray();
    }

    private static void zero(CausalLM model, String name) {
        Parameter parameter = model.parameter(name);
        parameter.value().fill(0f);
        parameter.valueChanged();
    }

    @Test
    @DisplayName("what a checkpoint of another layout is told")
    void wrongLayout() {
        DecoderPlan plan = biased(CheckpointNames.LLAMA);
        Path saved = temporary.resolve("plain");
        fresh(plan).save(saved);
        assertThat(Files.exists(saved.resolve("model.safetensors"))).isTrue();
        DecoderPlan fused =
                biased(CheckpointNames.LLAMA.fused("model.layers.{}.qkv", Role.QUERY, Role.KEY, Role.VALUE));
        assertThatThrownBy(() -> load(fused, saved)).hasMessageContaining("no tensor 'model.layers.0.qkv.weight'");
    }
}
