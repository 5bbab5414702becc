// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.Reduction;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.TestJson;
import dev.jacobian.testing.TestPaths;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Optimizers and schedules beside those of torch and transformers, whose numbers are in double. */
class OptimizerGoldenTest {
    private static final JsonNode OPTIMIZERS =
            TestJson.read(TestPaths.testdata("training", "optimizers", "optimizers.json"));
    private static final JsonNode SCHEDULES =
            TestJson.read(TestPaths.testdata("training", "optimizers", "schedules.json"));

    private static Stream<Arguments> each(JsonNode array, String name, String settings) {
        return StreamSupport.stream(array.spliterator(), false)
                .map(entry -> Arguments.of(entry.get(name).asText() + " " + entry.get(settings), entry));
    }

    static Stream<Arguments> optimizers() {
        // amsgrad has no name among the trainer's optimizers; Newton-Schulz runs in F32 here, so float64 is its oracle
        return each(OPTIMIZERS.get("runs"), "optimizer", "settings")
                .filter(run -> !((String) run.get()[0]).contains("amsgrad")
                        && !((String) run.get()[0]).contains("Newton-Schulz in bfloat16)"));
    }

    static Stream<Arguments> schedules() {
        return each(SCHEDULES.get("schedules"), "lr_scheduler_type", "settings");
    }

    private static Optional<Optimizer> optimizer(String name, JsonNode s, List<Parameter> parameters) {
        double decay = s.path("weight_decay").asDouble(name.contains("AdamW") ? 0.01 : 0);
        if (name.contains("AdamW")) {
            AdamWConfig config = new AdamWConfig(
                    s.path("betas").path(0).asDouble(0.9),
                    s.path("betas").path(1).asDouble(0.999),
                    s.path("eps").asDouble(1e-8),
                    decay);
            return Optional.of(new AdamW(parameters, config));
        }
        if (name.contains("SGD")) {
            Sgd.Settings settings = new Sgd.Settings(
                    s.path("momentum").asDouble(),
                    s.path("dampening").asDouble(),
                    s.path("nesterov").asBoolean(),
                    decay);
            return Optional.of(new Sgd(parameters, settings, DecayGroups.everything()));
        }
        if (name.contains("Adafactor")) {
            Adafactor.Settings settings = new Adafactor.Settings(
                    name.contains("torch") ? Adafactor.Variant.TORCH : Adafactor.Variant.TRANSFORMERS,
                    s.path("scale_parameter").asBoolean(),
                    s.path("relative_step").asBoolean(),
                    s.path("beta1").asDouble(),
                    -0.8,
                    1,
                    decay);
            return Optional.of(new Adafactor(parameters, settings, DecayGroups.everything()));
        }
        if (name.contains("Muon")) {
            Muon.Settings settings = new Muon.Settings(
                    s.path("momentum").asDouble(0.95),
                    s.path("nesterov").asBoolean(true),
                    s.path("ns_steps").asInt(5),
                    s.path("adjust_lr_fn").asText().equals("match_rms_adamw"),
                    decay);
            return Optional.of(new Muon(parameters, settings, DecayGroups.everything()));
        }
        if (name.contains("Adagrad")) {
            return Optional.of(new Adagrad(parameters, 1e-10, decay, DecayGroups.everything()));
        }
        return name.contains("RMSprop")
                ? Optional.of(new RmsProp(parameters, 0.99, 1e-8, 0, decay, DecayGroups.everything()))
                : Optional.empty();
    }

    private static float[] flat(JsonNode array) {
        List<Float> values = new ArrayList<>();
        for (JsonNode row : array) {
            (row.isArray() ? row : List.of(row)).forEach(value -> values.add((float) value.asDouble()));
        }
        float[] floats = new float[values.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = values.get(i);
        }
        return floats;
    }

    private static Parameter parameter(String name) {
        JsonNode initial = OPTIMIZERS.get("initial").get(name);
        float[] values = flat(initial);
        return Var.parameter(
                name,
                initial.get(0).isArray()
                        ? Tensor.of(values, initial.size(), values.length / initial.size())
                        : Tensor.of(values, values.length));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("optimizers")
    @DisplayName("six steps; stopped and restored after each, the same bits")
    void optimizers(String title, JsonNode run) {
        JsonNode settings = run.get("settings");
        JsonNode after = run.get("params_after_each_step");
        List<Parameter> parameters = new ArrayList<>();
        after.get(0).fieldNames().forEachRemaining(name -> parameters.add(parameter(name)));
        Optimizer optimizer =
                optimizer(run.get("optimizer").asText(), settings, parameters).orElseThrow();
        double rate = settings.path("lr").asDouble();
        for (int step = 0; step < after.size(); step++) {
            for (Parameter parameter : parameters) {
                parameter.clearGrad();
                Reduction.weightedSum(
                                parameter,
                                flat(OPTIMIZERS.get("grads").get(step).get(parameter.name())))
                        .backward();
            }
            optimizer.step(rate, 1f);
            Map<String, Tensor> saved = new HashMap<>();
            optimizer.state().forEach((name, tensor) -> saved.put(name, tensor.copy()));
            long steps = optimizer.steps();
            optimizer = optimizer(run.get("optimizer").asText(), settings, parameters)
                    .orElseThrow();
            optimizer.restore(saved, steps);
            for (Parameter parameter : parameters) {
                float[] expected = flat(after.get(step).get(parameter.name()));
                float[] actual = parameter.value().toFloatArray();
                for (int i = 0; i < expected.length; i++) {
                    assertThat(actual[i])
                            .as("%s[%s] after step %s", parameter.name(), i, step + 1)
                            .isCloseTo(expected[i], within(2e-6f));
                }
            }
        }
        Optimizer fresh = optimizer;
        if (!fresh.state().isEmpty()) {
            assertThatThrownBy(() -> fresh.restore(Map.of(), 1)).hasMessageContaining("is missing");
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("schedules")
    @DisplayName("learning rates of transformers.get_scheduler, step by step")
    void schedules(String title, JsonNode table) {
        double base = SCHEDULES.get("base_lr").asDouble();
        Map<String, Double> numbers = new HashMap<>();
        Map<String, String> words = new HashMap<>();
        table.get("settings").properties().forEach(entry -> {
            switch (entry.getKey()) {
                case "num_warmup_steps", "num_training_steps" -> {}
                case "min_lr" -> numbers.put("min_lr_rate", entry.getValue().asDouble() / base);
                case "lr_end" -> numbers.put("lr_end_rate", entry.getValue().asDouble() / base);
                default -> {
                    if (entry.getValue().isTextual()) {
                        words.put(entry.getKey(), entry.getValue().asText());
                    } else {
                        numbers.put(entry.getKey(), entry.getValue().asDouble());
                    }
                }
            }
        });
        Schedule schedule = new Schedule(
                Schedule.Kind.parse(table.get("lr_scheduler_type").asText()),
                table.get("settings").get("num_warmup_steps").asInt(),
                table.get("settings").get("num_training_steps").asInt(),
                numbers,
                words);
        for (int step = 0; step < table.get("learning_rate").size(); step++) {
            assertThat(base * schedule.factor(step))
                    .as("step %s", step)
                    .isCloseTo(table.get("learning_rate").get(step).asDouble(), within(1e-15));
        }
    }

    @Test
    @DisplayName("norms and biases do not decay; embeddings, heads, adapters and magnitudes do")
    void groups() {
        for (String name : List.of(
                "model.layers.0.input_layernorm.weight",
                "model.norm.weight",
                "model.layers.3.self_attn.q_norm.weight",
                "model.layers.3.self_attn.q_proj.bias",
                "transformer.h.1.ln_1.weight",
                "gpt_neox.final_layer_norm.weight")) {
            assertThat(DecayGroups.decays(Var.parameter(name, Tensor.zeros(2))))
                    .as(name)
                    .isFalse();
        }
        for (String name : List.of(
                "model.embed_tokens.weight",
                "lm_head.weight",
                "model.layers.0.self_attn.q_proj.weight",
                "model.layers.0.self_attn.q_proj.lora_A.weight",
                "model.layers.0.self_attn.q_proj.lora_magnitude_vector.weight")) {
            assertThat(DecayGroups.decays(Var.parameter(name, Tensor.zeros(2))))
                    .as(name)
                    .isTrue();
        }
        Parameter norm = Var.parameter("norm.weight", Tensor.of(new float[] {1}, 1));
        Parameter weight = Var.parameter("up.weight", Tensor.of(new float[] {1}, 1));
        Reduction.weightedSum(norm, new float[] {0}).backward();
        Reduction.weightedSum(weight, new float[] {0}).backward();
        new AdamW(List.of(norm, weight), AdamWConfig.DEFAULT.withWeightDecay(0.5), false, DecayGroups::decays)
                .step(0.1);
        assertThat(norm.value().item()).isEqualTo(1);
        assertThat(weight.value().item()).isEqualTo(0.95f);
    }

    @Test
    @DisplayName("settings that a schedule or an optimizer lacks are refused")
    void misuse() {
        assertThatThrownBy(() -> new Schedule(Schedule.Kind.COSINE, 0, 9, Map.of("power", 2.0), Map.of()))
                .hasMessageContaining("cosine takes no 'power'; it takes num_cycles");
        assertThatThrownBy(() -> new Schedule(Schedule.Kind.WARMUP_STABLE_DECAY, 0, 9))
                .hasMessageContaining("needs num_decay_steps");
        assertThatThrownBy(() -> new Sgd.Settings(0, 0, true, 0)).hasMessageContaining("nesterov needs a momentum");
        assertThatThrownBy(() -> new Muon(
                        List.of(Var.parameter("b", Tensor.zeros(3))), Muon.Settings.DEFAULT, DecayGroups::decays))
                .hasMessageContaining("Muon steps matrices");
    }
}
