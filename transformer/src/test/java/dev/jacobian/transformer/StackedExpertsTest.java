// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static dev.jacobian.testing.Bits.assertBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.safetensors.CheckpointTensors;
import dev.jacobian.io.safetensors.SafetensorsWriter;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.TestPaths;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Checkpoints with the experts of a layer in two tensors, as transformers 5 holds them, are the models of those with a tensor each. */
class StackedExpertsTest {
    @TempDir
    Path temporary;

    /** The golden model's folder with stacked experts, under names that begin like the family's or without {@code model.}. */
    private Path stacked(String name, boolean bare) {
        Path folder = TestPaths.copyModel(name, temporary);
        Map<String, TreeMap<Integer, Tensor>> experts = new TreeMap<>(); // by module and projection
        SafetensorsWriter writer = new SafetensorsWriter();
        try (CheckpointTensors tensors = CheckpointTensors.open(TestPaths.model(name))) {
            for (String stored : tensors.names()) {
                String renamed = stored.replace("block_sparse_moe", "mlp");
                if (bare) {
                    renamed = renamed.replaceFirst("^model\\.", "");
                }
                if (renamed.contains(".experts.")) {
                    String[] parts = renamed.split("\\.experts\\.|\\.");
                    int expert = Integer.parseInt(parts[parts.length - 3]);
                    String module = renamed.substring(0, renamed.indexOf(".experts.")) + ".experts.";
                    experts.computeIfAbsent(module + parts[parts.length - 2], none -> new TreeMap<>())
                            .put(expert, tensors.read(stored));
                } else {
                    writer.add(renamed, tensors.read(stored));
                }
            }
        }
        for (String module : new TreeSet<>(experts.keySet().stream()
                .map(key -> key.substring(0, key.lastIndexOf('.') + 1))
                .toList())) {
            boolean mixtral = experts.containsKey(module + "w1");
            List<Tensor> gates = List.copyOf(
                    experts.get(module + (mixtral ? "w1" : "gate_proj")).values());
            List<Tensor> ups = List.copyOf(
                    experts.get(module + (mixtral ? "w3" : "up_proj")).values());
            List<Tensor> downs = List.copyOf(
                    experts.get(module + (mixtral ? "w2" : "down_proj")).values());
            int inner = gates.getFirst().extent(0);
            int width = gates.getFirst().extent(1);
            Tensor gatesAndUps = Tensor.zeros(gates.size(), 2 * inner, width);
            Tensor stackedDowns = Tensor.zeros(gates.size(), width, inner);
            for (int e = 0; e < gates.size(); e++) {
                gatesAndUps.select(0, e).slice(0, 0, inner).copyFrom(gates.get(e));
                gatesAndUps.select(0, e).slice(0, inner, 2 * inner).copyFrom(ups.get(e));
                stackedDowns.select(0, e).copyFrom(downs.get(e));
            }
            writer.add(module + "gate_up_proj", gatesAndUps);
            writer.add(module + "down_proj", stackedDowns);
        }
        writer.write(folder.resolve("model.safetensors"));
        return folder;
    }

    @ParameterizedTest
    @CsvSource({
        "mixtral, false",
        "mixtral, true",
        "qwen2-moe, false",
        "qwen3-moe, false",
        "qwen3-next, false",
        "deepseek-v3, false",
        "deepseek-v3, true"
    })
    @DisplayName("the same logits and gradients, and saved as they were read")
    void sameModel(String name, boolean bare) {
        CausalLM split = CausalLM.load(TestPaths.model(name));
        Path folder = stacked(name, bare);
        CausalLM stacked = CausalLM.load(folder);
        int[] tokens = TestModels.tokens(1, 25, split.config().vocabularySize());
        assertBits(
                "logits",
                stacked.logits(tokens).toFloatArray(),
                split.logits(tokens).toFloatArray());
        split.loss(List.of(tokens), List.of(tokens)).backward();
        stacked.loss(List.of(tokens), List.of(tokens)).backward();
        for (int i = 0; i < split.parameters().size(); i++) {
            Parameter expected = split.parameters().get(i);
            assertBits(
                    expected.name(),
                    stacked.parameters().get(i).grad().orElseThrow().toFloatArray(),
                    expected.grad().orElseThrow().toFloatArray());
        }
        Path saved = temporary.resolve("saved");
        stacked.save(saved);
        try (CheckpointTensors before = CheckpointTensors.open(folder);
                CheckpointTensors after = CheckpointTensors.open(saved)) {
            assertThat(new TreeSet<>(after.names())).isEqualTo(new TreeSet<>(before.names()));
            for (String tensor : before.names()) {
                assertBits(
                        tensor,
                        after.read(tensor).toFloatArray(),
                        before.read(tensor).toFloatArray());
            }
        }
    }

    @Test
    @DisplayName("a layer without one of the two is named")
    void halfAStack() {
        Path folder = stacked("qwen3-moe", false);
        List<String> names = new ArrayList<>();
        SafetensorsWriter writer = new SafetensorsWriter();
        try (CheckpointTensors tensors = CheckpointTensors.open(folder)) {
            for (String name : tensors.names()) {
                if (!name.equals("model.layers.1.mlp.experts.down_proj")) {
                    names.add(name);
                    writer.add(name, tensors.read(name).copy());
                }
            }
        }
        writer.write(folder.resolve("model.safetensors"));
        assertThat(names).contains("model.layers.1.mlp.experts.gate_up_proj");
        assertThatThrownBy(() -> CausalLM.load(folder))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("no tensor 'model.layers.1.mlp.experts.down_proj'");
    }
}
