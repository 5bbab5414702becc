// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.safetensors.CheckpointTensors;
import dev.jacobian.io.safetensors.CheckpointTensorsWriter;
import dev.jacobian.io.safetensors.SafetensorsWriter;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.Bits;
import dev.jacobian.testing.GoldenModel;
import dev.jacobian.testing.GoldenModels;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.OpenCheckpoint;
import dev.jacobian.transformer.SaveOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders: every family, what is copied beside the weights, and what is refused before anything is written. */
class ModelMergeTest {
    private static final Path QWEN = TestPaths.model("qwen3");

    @TempDir
    Path folder;

    /** A relative: the same model with other numbers. */
    private Path relative(Path model, String name, float factor) throws IOException {
        Path out = Files.createDirectories(folder.resolve(name));
        try (OpenCheckpoint opened = OpenCheckpoint.open(model)) {
            opened.writeLike(out, SaveOptions.asLoaded(), index -> {
                Tensor tensor = opened.read(index);
                float[] numbers = tensor.floats();
                for (int i = 0; i < numbers.length; i++) {
                    numbers[i] = i % 3 == 0 ? numbers[i] : numbers[i] * factor;
                }
                return tensor;
            });
        }
        return out;
    }

    private Path merge(MergeConfig config, String name) {
        Path out = folder.resolve(name);
        try (ModelMerge merge = ModelMerge.open(config, 1)) {
            merge.write(out);
        }
        return out;
    }

    private static void assertSameWeights(Path actual, Path expected) {
        try (OpenCheckpoint a = OpenCheckpoint.open(actual);
                OpenCheckpoint b = OpenCheckpoint.open(expected)) {
            assertThat(a.tensors().size()).isEqualTo(b.tensors().size());
            for (int i = 0; i < a.tensors().size(); i++) {
                Bits.assertBits(
                        a.tensors().get(i).name(), a.read(i).floats(), b.read(i).floats());
            }
        }
    }

    private static MergeConfig linear(Path a, double weight, Path b, double other) {
        return MergeConfig.linear(List.of(a, b), List.of(weight, other));
    }

    @GoldenModels
    @DisplayName("every family: weights 1 and 0 give the one or the other, and the result loads")
    void families(GoldenModel golden) throws IOException {
        Path a = golden.folder();
        Path b = relative(a, "b", 0.5f);
        assertSameWeights(merge(linear(a, 1, b, 0), "first"), a);
        assertSameWeights(merge(linear(a, 0, b, 1), "second"), b);
        Path between = merge(linear(a, 1, b, 1), "between");
        assertThat(CausalLM.load(between).config().parameters())
                .isEqualTo(CausalLM.load(a).config().parameters());
    }

    @Test
    @DisplayName("the average of x and x/2 is 3/4 x, in the type that x had; files beside it are copied")
    void average() throws IOException {
        Path model = TestPaths.model("llama-llama3rope-bf16");
        Path half = relative(model, "half", 0.5f);
        Path out = merge(MergeConfig.average(List.of(model, half)), "average");
        try (OpenCheckpoint a = OpenCheckpoint.open(model);
                OpenCheckpoint merged = OpenCheckpoint.open(out);
                CheckpointTensors stored = CheckpointTensors.open(out)) {
            for (int i = 0; i < a.tensors().size(); i++) {
                float[] expected = a.read(i).floats();
                float[] actual = merged.read(i).floats();
                assertThat(stored.info(merged.tensors().get(i).name()).type().name())
                        .isEqualTo("BF16");
                for (int j = 0; j < expected.length; j++) {
                    float exact =
                            j % 3 == 0 ? expected[j] : (expected[j] + expected[j] * 0.5f) / 2; // BF16 halves exactly
                    assertThat(Math.abs(actual[j] - exact)).isLessThanOrEqualTo(Math.abs(exact) / 256);
                }
            }
        }
        assertThat(Json.read(out.resolve("config.json"))).isEqualTo(Json.read(model.resolve("config.json")));
        assertThat(out.resolve("mergekit_config.yml")).content().contains("merge_method: linear", "# seed 1");
        for (String file : List.of("tokenizer.json", "generation_config.json")) {
            if (Files.exists(model.resolve(file))) {
                assertThat(out.resolve(file)).hasSameBinaryContentAs(model.resolve(file));
            }
        }
    }

    @Test
    @DisplayName("shards and a stored type: the same numbers, and config.json names the type")
    void shards() throws IOException {
        Path b = relative(QWEN, "b", 0.5f);
        MergeConfig average = MergeConfig.average(List.of(QWEN, b));
        Path whole = merge(average, "whole");
        Path shards = folder.resolve("shards");
        try (ModelMerge merge = ModelMerge.open(average, 1)) {
            merge.write(shards, 20_000);
        }
        assertThat(shards.resolve("model.safetensors.index.json")).exists();
        assertSameWeights(shards, whole);
        Path narrow = merge(
                new MergeConfig(
                        average.method(),
                        Optional.empty(),
                        average.models(),
                        Map.of(),
                        Optional.empty(),
                        Optional.of(DType.BF16)),
                "narrow");
        ObjectNode config = (ObjectNode) Json.read(narrow.resolve("config.json"));
        assertThat(config.path(config.has("dtype") ? "dtype" : "torch_dtype").asText())
                .isEqualTo("bfloat16");
    }

    @Test
    @DisplayName("DARE comes back bit for bit from its seed, and other seeds leave out others")
    void seeds() throws IOException {
        Path b = relative(QWEN, "b", 0.5f);
        MergeConfig config = MergeFile.parse(
                "merge_method: dare_ties\nbase_model: " + QWEN + "\nmodels:\n- model: " + b
                        + "\nparameters: {weight: 1, density: 0.5}\n",
                "test");
        Path first = merge(config, "first");
        assertSameWeights(merge(config, "again"), first);
        assertSameWeights(merge(MergeFile.read(first.resolve("mergekit_config.yml")), "from what it wrote"), first);
        Path other = folder.resolve("other");
        try (ModelMerge merge = ModelMerge.open(config, 2)) {
            merge.write(other);
        }
        try (OpenCheckpoint a = OpenCheckpoint.open(first);
                OpenCheckpoint c = OpenCheckpoint.open(other)) {
            assertThat(a.read(0).floats()).isNotEqualTo(c.read(0).floats());
        }
    }

    @Test
    @DisplayName("t from the first layer to the last: the first comes from the base, the last from the other")
    void gradient() throws IOException {
        Path b = relative(QWEN, "b", 0.5f);
        Path out = merge(
                MergeFile.parse(
                        "merge_method: slerp\nbase_model: " + QWEN + "\nslices:\n- sources:\n  - model: " + QWEN
                                + "\n    layer_range: [0, " + layers(QWEN) + "]\n  - model: " + b
                                + "\nparameters:\n  t:\n  - filter: mlp\n    value: [1, 0]\n  - value: [0, 1]\n",
                        "test"),
                "out");
        try (OpenCheckpoint a = OpenCheckpoint.open(QWEN);
                OpenCheckpoint other = OpenCheckpoint.open(b);
                OpenCheckpoint merged = OpenCheckpoint.open(out)) {
            for (int i = 0; i < a.tensors().size(); i++) {
                OpenCheckpoint.Entry entry = a.tensors().get(i);
                boolean isLast = entry.layer() == layers(QWEN) - 1;
                boolean fromOther = entry.name().contains("mlp") != isLast;
                if (entry.layer() <= 0 || isLast) {
                    Bits.assertBits(
                            entry.name(),
                            merged.read(i).floats(),
                            (fromOther ? other : a).read(i).floats());
                }
            }
        }
    }

    private static int layers(Path model) {
        return CausalLM.load(model).config().layers();
    }

    private void assertRefused(MergeConfig config, String... words) throws IOException {
        Path out = folder.resolve("refused");
        assertThatThrownBy(() -> merge(config, "refused"))
                .isInstanceOfAny(FormatException.class, IllegalArgumentException.class)
                .message()
                .contains(words);
        assertThat(out).doesNotExist();
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left.filter(path -> path.getFileName().toString().startsWith(".")))
                    .isEmpty();
        }
    }

    @Test
    @DisplayName("another family, another shape, other tokens and a NaN are told before anything is written")
    void refused() throws IOException {
        assertRefused(linear(QWEN, 1, TestPaths.model("llama-gqa"), 1), "family llama", "qwen3");
        Path other = relative(QWEN, "other", 1);
        ObjectNode config = (ObjectNode) Json.read(other.resolve("config.json"));
        config.put("num_attention_heads", 77);
        Path heads = Files.createDirectories(folder.resolve("heads"));
        Files.copy(other.resolve("model.safetensors"), heads.resolve("model.safetensors"));
        Json.write(heads.resolve("config.json"), config);
        assertRefused(linear(QWEN, 1, heads, 1), "heads");
        Path broken = relative(QWEN, "broken", 1);
        withNan(broken);
        assertRefused(linear(QWEN, 1, broken, 0.5), "the weight is NaN", "broken");
    }

    /** Puts a NaN into the last tensor. */
    private static void withNan(Path model) {
        CheckpointTensorsWriter writer = new CheckpointTensorsWriter(Long.MAX_VALUE);
        try (CheckpointTensors tensors = CheckpointTensors.open(model)) {
            String last = tensors.names().stream().sorted().reduce((a, b) -> b).orElseThrow();
            for (String name : tensors.names()) {
                Tensor tensor = tensors.read(name);
                if (name.equals(last)) {
                    tensor.floats()[1] = Float.NaN;
                }
                writer.add(name, tensor, DType.F32);
            }
            writer.write(model);
        }
    }

    @Test
    void aMissingTensorIsTold() throws IOException {
        Path lacking = relative(QWEN, "lacking", 1);
        SafetensorsWriter writer = new SafetensorsWriter().metadata("format", "pt");
        try (CheckpointTensors tensors = CheckpointTensors.open(lacking)) {
            tensors.names().stream().sorted().skip(1).forEach(name -> writer.add(name, tensors.read(name)));
        }
        writer.write(lacking.resolve("model.safetensors"));
        assertRefused(linear(QWEN, 1, lacking, 1), "has no tensor");
    }

    @Test
    void aTokenThatIsAnotherIsTold() throws IOException {
        Path model = TestPaths.model("arith-qwen3");
        Path other = relative(model, "other", 1);
        String json = Files.readString(other.resolve("tokenizer.json"));
        Files.writeString(other.resolve("tokenizer.json"), json.replace("\"3\"", "\"three\""));
        assertRefused(linear(model, 1, other, 1), "three", "rows of the embedding");
    }

    @Test
    void parametersAreCheckedBeforeWeightsAreRead() throws IOException {
        Path b = relative(QWEN, "b", 1);
        String head = "base_model: " + QWEN + "\nmodels:\n- model: " + b + "\n";
        assertRefused(MergeFile.parse("merge_method: ties\n" + head, "test"), "ties needs a weight", "of " + b);
        assertRefused(MergeFile.parse("merge_method: slerp\n" + head, "test"), "slerp needs a t");
        assertRefused(
                MergeFile.parse("merge_method: ties\n" + head + "parameters: {weight: 1, density: 1.5}\n", "test"),
                "density for",
                "1.5");
    }
}
