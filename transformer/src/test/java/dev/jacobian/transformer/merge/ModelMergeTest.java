// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ArrayNode;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Folders: every family, what is copied beside the weights, and what is refused before anything is written. */
class ModelMergeTest {
    private static final Path QWEN = TestPaths.model("qwen3");

    private static final String REMOVED = "";

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

    /** A relative with some keys of config.json changed; a value of null removes the key. */
    private Path configured(Path model, String name, Map<String, Object> keys) throws IOException {
        Path out = relative(model, name, 1);
        ObjectNode config = (ObjectNode) Json.read(out.resolve("config.json"));
        keys.forEach((key, value) -> {
            if (value.equals(REMOVED)) {
                config.remove(key);
            } else {
                config.set(key, Json.parse(value.toString(), "test"));
            }
        });
        Json.write(out.resolve("config.json"), config);
        return out;
    }

    @Test
    @DisplayName("one architecture in two spellings of config.json is one architecture, and nothing is told")
    void spellings() throws IOException {
        Path terse = configured(
                QWEN,
                "terse",
                Map.of(
                        "torch_dtype", REMOVED,
                        "dtype", "\"float32\"",
                        "rope_theta", REMOVED,
                        "rope_scaling", REMOVED,
                        "rope_parameters", "{\"rope_theta\": 1e6, \"rope_type\": \"default\"}",
                        "layer_types", "[\"full_attention\", \"full_attention\"]",
                        "sliding_window", "4096",
                        "eos_token_id", "[381]"));
        Path shorter = configured(
                QWEN,
                "shorter",
                Map.of("attention_bias", REMOVED, "use_sliding_window", REMOVED, "rms_norm_eps", "0.000001"));
        for (List<Path> order : List.of(List.of(QWEN, terse, shorter), List.of(terse, shorter, QWEN))) {
            Path out = folder.resolve("of " + order.getFirst().getFileName());
            try (ModelMerge merge = ModelMerge.open(MergeConfig.average(order), 1)) {
                assertThat(merge.remarks()).isEmpty();
                merge.write(out);
            }
            assertThat(Json.read(out.resolve("config.json")))
                    .isEqualTo(Json.read(order.getFirst().resolve("config.json")));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "rope_theta | 10000.0 | rope_theta (layers[0].mixer.positions.rope.theta) is 10000.0, and 1000000.0 in",
                "rope_scaling | {\"rope_type\":\"linear\",\"factor\":2.0} | rope_parameters"
                        + " (layers[0].mixer.positions.rope) is Linear",
                "rms_norm_eps | 1e-5 | rms_norm_eps (layers[0].",
                "hidden_act | \"gelu\" | hidden_act (layers[0].feedForward.activation) is GELU, and SILU in",
            })
    @DisplayName("a value that changes numbers is refused by its name, though every shape agrees")
    void otherNumbers(String key, String value, String said) throws IOException {
        assertRefused(linear(QWEN, 1, configured(QWEN, "other", Map.of(key, value)), 1), said, "the same architecture");
    }

    @Test
    @DisplayName("heads that divide the same matrices otherwise are refused by their names")
    void otherHeads() throws IOException {
        Path model = TestPaths.model("llama-gqa");
        assertRefused(
                linear(
                        model,
                        1,
                        configured(
                                model,
                                "other",
                                Map.of("num_attention_heads", "8", "num_key_value_heads", "4", "head_dim", "8")),
                        1),
                "num_attention_heads (layers[0].mixer.heads) is 8, and 4 in");
    }

    @Test
    @DisplayName("a window that only some layers have is found where it is")
    void anotherWindow() throws IOException {
        Path other = configured(
                QWEN,
                "other",
                Map.of(
                        "use_sliding_window", "true",
                        "sliding_window", "8",
                        "layer_types", "[\"full_attention\", \"sliding_attention\"]"));
        assertRefused(linear(QWEN, 1, other, 1), "sliding_window (layers[1].mixer.window) is 8, and 0 in");
    }

    @Test
    @DisplayName("a head of its own, other sizes and other numbers of layers are refused by their names")
    void otherShapes() throws IOException {
        Path model = TestPaths.model("arith-qwen3");
        assertRefused(linear(QWEN, 1, model, 1), "vocab_size (embedding.vocabulary) is 264, and 384 in");
        Path untied = configured(QWEN, "untied", Map.of("tie_word_embeddings", "false"));
        SafetensorsWriter writer = new SafetensorsWriter().metadata("format", "pt");
        try (CheckpointTensors tensors = CheckpointTensors.open(QWEN)) {
            tensors.names().forEach(name -> writer.add(name, tensors.read(name)));
            writer.add("lm_head.weight", tensors.read("model.embed_tokens.weight"));
            writer.write(untied.resolve("model.safetensors"));
        }
        assertRefused(linear(QWEN, 1, untied, 1), "tie_word_embeddings (head) is Tokens[", ", and TiedTokens[");
    }

    @Test
    @DisplayName("what differs and changes no number of the layers is told")
    void told() throws IOException {
        Path longer =
                configured(QWEN, "longer", Map.of("max_position_embeddings", "256", "eos_token_id", "[380, 381]"));
        Files.deleteIfExists(longer.resolve("generation_config.json"));
        Path bare = relative(QWEN, "bare", 1);
        Files.delete(bare.resolve("tokenizer.json"));
        try (ModelMerge merge = ModelMerge.open(MergeConfig.average(List.of(QWEN, longer, bare)), 1)) {
            assertThat(merge.remarks())
                    .anySatisfy(remark -> assertThat(remark).contains("max_position_embeddings is 256", "128 in"))
                    .anySatisfy(remark -> assertThat(remark).contains("what ends a sequence is [380, 381]"))
                    .anySatisfy(remark -> assertThat(remark).contains("bare has no tokenizer.json"))
                    .hasSize(3);
        }
    }

    @Test
    @DisplayName("what a slice says by name goes before what holds for all, and leaves the rest to it")
    void slicesBeforeAll() throws IOException {
        MergeConfig config = MergeFile.parse(
                "merge_method: slerp\nbase_model: " + QWEN + "\nslices:\n- sources: [{model: " + QWEN + "}, {model: "
                        + relative(QWEN, "b", 0.5f)
                        + "}]\n"
                        + "  parameters: {t: [{filter: mlp, value: 0.25}]}\n"
                        + "parameters: {t: [{filter: attn, value: 0.5}, {value: 0.75}]}\n",
                "test");
        assertThat(config.parameter("t", "x.mlp.y", 0)).hasValue(0.25);
        assertThat(config.parameter("t", "x.attn.y", 0)).hasValue(0.5);
        assertThat(config.parameter("t", "x.norm.y", 0)).hasValue(0.75);
        assertThat(MergeFile.parse(MergeFile.text(config), "again")).isEqualTo(config);
    }

    @Test
    void switchesAreOnOrOff() throws IOException {
        Path b = relative(QWEN, "b", 1);
        String head = "base_model: " + QWEN + "\nmodels:\n- model: " + b + "\n  parameters: {weight: 1}\nparameters: ";
        assertRefused(
                MergeFile.parse("merge_method: ties\n" + head + "{normalize: 0.5}", "test"),
                "normalize for",
                "is 0.5",
                "true or false");
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
    @DisplayName("a token that only one model has is told: its row is mixed with one that stands for nothing")
    void aTokenThatOnlyOneHasIsTold() throws IOException {
        Path model = TestPaths.model("arith-qwen3");
        Path other = relative(model, "other", 1);
        ObjectNode tokenizer = (ObjectNode) Json.read(other.resolve("tokenizer.json"));
        ((ArrayNode) tokenizer.get("added_tokens"))
                .addObject()
                .put("id", 263)
                .put("content", "<extra>")
                .put("special", true)
                .put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("normalized", false);
        Json.write(other.resolve("tokenizer.json"), tokenizer);
        try (ModelMerge merge = ModelMerge.open(MergeConfig.average(List.of(model, other)), 1)) {
            assertThat(merge.remarks()).singleElement().asString().contains("only one of", "'<extra>' (id 263)");
        }
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
