// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static dev.jacobian.testing.Bits.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.Var;
import dev.jacobian.autograd.optim.AdamW;
import dev.jacobian.autograd.optim.AdamWConfig;
import dev.jacobian.autograd.optim.GradientClipping;
import dev.jacobian.autograd.optim.Sgd;
import dev.jacobian.io.safetensors.SafetensorsFile;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.GoldenModel;
import dev.jacobian.testing.GoldenModels;
import dev.jacobian.testing.TestJson;
import dev.jacobian.transformer.family.Families;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Generator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random-weight models of every supported family against what Hugging Face transformers computes with them.
 *
 * <p>They run on the CPU, and once more on a GPU (see {@link TestModels#placement}) with cuBLAS's own order of sums.
 *
 * <p>Tolerances are {@value #NOISE_FACTOR} times the oracle's own noise: the largest difference between its F32 and F64
 * runs of the same model, which the golden records for logits, loss and gradients.
 */
class GoldenModelsTest {
    private static final double NOISE_FACTOR = 20;

    /** One golden: the model, its JSON, its tensors. */
    private record Golden(CausalLM model, GoldenModel oracle, SafetensorsFile tensors) {
        static Golden open(GoldenModel oracle) {
            ModelOptions options = TestModels.placement();
            DeviceLimits.refusal(Families.read(oracle.folder()).plan(), options.device(), "the device")
                    .ifPresent(refusal -> Assumptions.abort(oracle.name() + " " + refusal));
            return new Golden(CausalLM.load(oracle.folder(), options), oracle, SafetensorsFile.open(oracle.tensors()));
        }

        static Golden open(String name) {
            return open(GoldenModel.of(name));
        }

        JsonNode json() {
            return oracle.json();
        }

        double tolerance(String what) {
            return NOISE_FACTOR * oracle.noise(what);
        }

        List<GoldenModel.Row> rows(String name) {
            return oracle.rows(name);
        }
    }

    @GoldenModels
    @DisplayName("logits and hidden states")
    void logits(GoldenModel oracle) {
        String name = oracle.name();
        Golden golden = Golden.open(oracle);
        for (String label : List.of("short", "long", "xlong", "single", "batch_left", "batch_right")) {
            if (label.equals("xlong") && !golden.json().get("cases").has(label)) {
                continue; // only where a state is carried further than its kernels take at once
            }
            Tensor expected = golden.tensors.read(label + ".logits"); // [B, T, V]
            List<GoldenModel.Row> rows = golden.rows(label);
            for (int b = 0; b < rows.size(); b++) {
                GoldenModel.Row row = rows.get(b);
                Tensor actual = golden.model.logits(row.tokens()); // [T, V]
                Tensor wanted =
                        expected.slice(0, b, b + 1).slice(1, row.from(), row.from() + row.tokens().length); // [1, T, V]
                assertClose(
                        name + " " + label + " row " + b,
                        actual.toFloatArray(),
                        wanted.toFloatArray(),
                        golden.tolerance("logits"));
            }
        }
        hiddenStates(golden, name);
    }

    private void hiddenStates(Golden golden, String name) {
        int[] tokens = golden.rows("long").get(0).tokens();
        List<Tensor> states = new ArrayList<>();
        NoGrad.run(() -> states.add(golden.model
                .hidden(tokens, Segments.of(tokens.length), state -> states.add(state.value()))
                .value()));
        List<String> names = new ArrayList<>(List.of("embed"));
        for (int layer = 0; layer < golden.model.config().layers(); layer++) {
            names.add("layer" + layer);
        }
        names.add("final_norm");
        assertThat(states).hasSameSizeAs(names);
        for (int i = 0; i < names.size(); i++) {
            float[] expected =
                    golden.tensors.read("long.hidden." + names.get(i)).toFloatArray();
            assertClose(
                    name + " hidden " + names.get(i),
                    states.get(i).toFloatArray(),
                    expected,
                    golden.tolerance("logits"));
        }
    }

    @GoldenModels
    @DisplayName("greedy continuations, alone and in a batch")
    void greedy(GoldenModel oracle) {
        String name = oracle.name();
        Golden golden = Golden.open(oracle);
        for (String label : List.of("greedy_short_32", "greedy_batch_left_16")) {
            JsonNode expected = golden.json().get("generation").get(label);
            List<int[]> prompts = golden.rows(expected.get("prompt_case").textValue()).stream()
                    .map(GoldenModel.Row::tokens)
                    .toList();
            GenerationConfig config = GenerationConfig.builder()
                    .doSample(false)
                    .ignoreEos(true)
                    .maxNewTokens(expected.get("max_new_tokens").intValue())
                    .build();
            var generations = new Generator(golden.model).generate(prompts, 1, config);
            for (int b = 0; b < prompts.size(); b++) {
                assertThat(generations.get(b).get(0).tokenIds())
                        .as("%s %s row %d", name, label, b)
                        .containsExactly(
                                TestJson.ints(expected.get("new_tokens").get(b)));
            }
        }
    }

    @GoldenModels
    @DisplayName("loss and the gradient of every parameter")
    void gradients(GoldenModel oracle) {
        String name = oracle.name();
        Golden golden = Golden.open(oracle);
        Var loss = loss(golden);
        assertThat((double) loss.value().item())
                .isCloseTo(golden.json().get("loss").get("value").doubleValue(), within(golden.tolerance("loss")));
        loss.backward();
        Set<String> names = new TreeSet<>();
        golden.model.inCheckpointForm(parameter -> parameter.grad().orElseThrow(), (stored, gradient) -> {
            names.add("grad." + stored);
            assertClose(
                    name + " grad " + stored,
                    gradient.toFloatArray(),
                    golden.tensors.read("grad." + stored).toFloatArray(),
                    golden.tolerance("grad"));
        });
        assertThat(names)
                .as("every tensor of the checkpoint")
                .containsExactlyElementsOf(golden.tensors.names().stream()
                        .filter(tensor -> tensor.startsWith("grad."))
                        .sorted()
                        .toList());
        double norm = GradientClipping.measure(golden.model.parameters(), 0).norm();
        assertThat(norm).isCloseTo(golden.json().get("grad_norm").doubleValue(), within(1e-5 * norm));
    }

    @GoldenModels
    @DisplayName("loss with the load-balancing loss of the experts, with layers kept and computed again")
    void balancedLoss(GoldenModel oracle) {
        JsonNode expected = oracle.json().path("loss_with_router_aux");
        Assumptions.assumeTrue(expected.isObject(), "no routers with such a loss");
        Golden golden = Golden.open(oracle);
        double plain = loss(golden).value().item();
        for (boolean checkpoints : new boolean[] {false, true}) {
            golden.model.gradientCheckpointing(checkpoints);
            golden.model.routerAuxLossCoef(expected.get("router_aux_loss_coef").doubleValue());
            assertThat((double) loss(golden).value().item())
                    .isCloseTo(expected.get("value").doubleValue(), within(golden.tolerance("loss")));
            golden.model.routerAuxLossCoef(1);
            double balance = loss(golden).value().item() - plain;
            assertThat(balance).isCloseTo(expected.get("aux_loss").doubleValue(), within(golden.tolerance("loss")));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama-mha-tied", "qwen3"})
    @DisplayName("parameters after one and three AdamW steps, losses on the way")
    void adamW(String name) {
        Golden golden = Golden.open(name);
        JsonNode expected = golden.json().get("adamw");
        AdamW optimizer = new AdamW(golden.model.parameters(), AdamWConfig.DEFAULT.withWeightDecay(0.01));
        try (SafetensorsFile after = SafetensorsFile.open(golden.oracle.folder().resolve("golden-adamw.safetensors"))) {
            for (int step = 1; step <= 3; step++) {
                Var loss = loss(golden);
                assertThat((double) loss.value().item())
                        .isCloseTo(
                                expected.get("losses_before_steps_1_2_3")
                                        .get(step - 1)
                                        .doubleValue(),
                                within(golden.tolerance("loss")));
                loss.backward();
                optimizer.step(1e-3);
                optimizer.zeroGrad();
                for (Parameter parameter : golden.model.parameters()) {
                    String key = "adamw" + step + "." + parameter.name();
                    if (after.contains(key)) {
                        assertClose(
                                key,
                                parameter.value().toFloatArray(),
                                after.read(key).toFloatArray(),
                                golden.tolerance("grad"));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama-mha-tied", "qwen3"})
    @DisplayName("losses and norms along three clipped SGD steps")
    void clippedSgd(String name) {
        Golden golden = Golden.open(name);
        JsonNode expected = golden.json().get("sgd_clip0.5_lr0.1").get("loss_and_gradnorm_before_each_step");
        Sgd optimizer = new Sgd(golden.model.parameters());
        for (int step = 0; step < 3; step++) {
            golden.model.parameters().forEach(Parameter::clearGrad);
            Var loss = loss(golden);
            loss.backward();
            GradientClipping.Norm norm = GradientClipping.measure(golden.model.parameters(), 0.5);
            assertThat((double) loss.value().item())
                    .isCloseTo(expected.get(step).get(0).doubleValue(), within(golden.tolerance("loss")));
            assertThat(norm.norm()).isCloseTo(expected.get(step).get(1).doubleValue(), within(1e-4));
            optimizer.step(0.1, norm.scale());
        }
    }

    private static Var loss(Golden golden) {
        JsonNode expected = golden.json().get("loss");
        List<GoldenModel.Row> rows = golden.rows(expected.get("case").textValue());
        List<int[]> labels = new ArrayList<>();
        for (int b = 0; b < rows.size(); b++) {
            int[] padded = TestJson.ints(expected.get("labels").get(b));
            int from = rows.get(b).from();
            labels.add(Arrays.copyOfRange(padded, from, from + rows.get(b).tokens().length));
        }
        return golden.model.loss(rows.stream().map(GoldenModel.Row::tokens).toList(), labels);
    }
}
