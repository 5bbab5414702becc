// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static dev.jacobian.testing.Bits.assertBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.autograd.LoadBalance;
import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.Var;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.TrainingPass.Loss;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.family.Families;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The load-balancing loss of experts in training: its gradient in whole models, its bits, and who asks for it. */
class BalancedTrainingTest {
    private static List<int[]> batch(CausalLM model, int... lengths) {
        List<int[]> batch = new ArrayList<>();
        for (int length : lengths) {
            batch.add(TestModels.tokens(length, length, model.config().vocabularySize()));
        }
        return batch;
    }

    private static List<float[]> takeGradients(CausalLM model) {
        List<float[]> gradients = new ArrayList<>();
        for (Parameter parameter : model.parameters()) {
            gradients.add(parameter.grad().orElseThrow().toFloatArray());
            parameter.clearGrad();
        }
        return gradients;
    }

    @ParameterizedTest
    @ValueSource(strings = {"mixtral", "qwen2-moe", "qwen3-moe", "qwen3-next", "gpt-oss"})
    @DisplayName("along its gradient the loss falls by the gradient's square")
    void slope(String name) {
        CausalLM model = CausalLM.load(TestPaths.model(name));
        List<int[]> batch = batch(model, 11, 17);
        model.loss(batch, batch).backward();
        List<float[]> plain = takeGradients(model);
        model.routerAuxLossCoef(1).loss(batch, batch).backward();
        List<float[]> balanced = takeGradients(model);
        double square = 0;
        for (int i = 0; i < plain.size(); i++) {
            for (int e = 0; e < plain.get(i).length; e++) {
                double own = balanced.get(i)[e] - plain.get(i)[e];
                square += own * own;
            }
        }
        assertThat(square).isPositive();
        double step = 1e-4
                / // no token changes its experts on the way
                Math.sqrt(square);
        double above = shifted(model, plain, balanced, batch, step);
        double below = shifted(model, plain, balanced, batch, -step);
        assertThat((above - below) / (2 * step)).isCloseTo(square, within(0.02 * square));
    }

    /** The load-balancing loss at parameters a step along its gradient. */
    private static double shifted(
            CausalLM model, List<float[]> plain, List<float[]> balanced, List<int[]> batch, double step) {
        CausalLM moved = model.copy();
        for (int i = 0; i < plain.size(); i++) {
            Tensor value = moved.parameters().get(i).value();
            for (int e = 0; e < value.elements(); e++) {
                value.floats()[value.offset() + e] += (float) (step * (balanced.get(i)[e] - plain.get(i)[e]));
            }
        }
        LabelledBatch packed = LabelledBatch.of(batch, batch);
        return NoGrad.compute(() -> {
            LoadBalance balance = moved.newLoadBalance();
            Var hidden = moved.hidden(packed.tokens(), packed.segments(), balance);
            return (double) balance.loss(hidden).value().item();
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"mixtral", "qwen2-moe", "qwen3-moe", "qwen3-next", "gpt-oss"})
    @DisplayName("training passes give the gradients of the loss, with 1 to 3 threads, layers kept or computed again")
    void bits(String name) {
        CausalLM model = CausalLM.load(TestPaths.model(name)).routerAuxLossCoef(0.5);
        List<int[]> sequences = batch(model, 9, 20);
        double loss = model.loss(sequences, sequences).value().item();
        model.loss(sequences, sequences).backward();
        List<float[]> expected = takeGradients(model);
        LabelledBatch batch = LabelledBatch.of(sequences, sequences);
        float[] weights = new float[batch.targets().length];
        Arrays.fill(weights, 1f / weights.length);
        int threads = ComputePool.threads();
        List<float[]> first = List.of();
        Loss firstLoss = new Loss(0, 0);
        try (TrainingPass pass = new TrainingPass(model)) {
            for (int run = 0; run < 6; run++) {
                ComputePool.setThreads(1 + run % 3);
                model.gradientCheckpointing(run >= 3);
                Workspace workspace = Workspace.poisoning();
                Loss got = workspace.compute(() -> pass.run(batch, weights, 0.5f));
                List<float[]> gradients = takeGradients(model);
                if (run == 0) {
                    first = gradients;
                    firstLoss = got;
                    assertThat(got.crossEntropy() + 0.5 * got.balance()).isCloseTo(loss, within(1e-5));
                }
                assertThat(got).isEqualTo(firstLoss);
                for (int i = 0; i < first.size(); i++) {
                    String parameter = name + " run " + run + " "
                            + model.parameters().get(i).name();
                    assertBits(parameter, gradients.get(i), first.get(i));
                    assertThat(gradients.get(i))
                            .as(parameter)
                            .usingComparatorWithPrecision(1e-5f)
                            .containsExactly(expected.get(i));
                }
            }
        } finally {
            ComputePool.setThreads(threads);
        }
    }

    @Test
    @DisplayName("output_router_logits of config.json asks for it; what cannot be is refused")
    void whoAsks(@TempDir Path folder) {
        DecoderConfig silent = Families.read(TestPaths.model("mixtral"));
        assertThat(silent.routerAuxLossCoef()).isZero();
        assertThat(changed(folder, "mixtral", "{\"output_router_logits\": true}")
                        .routerAuxLossCoef())
                .isEqualTo(0.001);
        assertThatThrownBy(() ->
                        changed(folder, "mixtral", "{\"output_router_logits\": true, \"router_aux_loss_coef\": null}"))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("'router_aux_loss_coef' is missing");
        assertThatThrownBy(() -> changed(folder, "qwen3-moe", "{\"router_aux_loss_coef\": -1}"))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("router_aux_loss_coef is -1");
        for (String name : List.of("qwen3", "deepseek-v3")) {
            CausalLM model = CausalLM.load(TestPaths.model(name));
            assertThat(model.routerAuxLossCoef(0).routerAuxLossCoef()).isZero();
            assertThatThrownBy(() -> model.routerAuxLossCoef(0.1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("router_aux_loss_coef");
        }
    }

    private static DecoderConfig changed(Path folder, String name, String changes) {
        ObjectNode config = (ObjectNode) Json.read(TestPaths.model(name).resolve("config.json"));
        config.setAll((ObjectNode) Json.parse(changes, "changes"));
        Json.write(folder.resolve("config.json"), config);
        return Families.read(folder);
    }
}
