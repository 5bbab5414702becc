// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static dev.jacobian.testing.Bits.assertBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.Var;
import dev.jacobian.io.Json;
import dev.jacobian.io.quantized.Mxfp4;
import dev.jacobian.io.safetensors.CheckpointTensors;
import dev.jacobian.io.safetensors.CheckpointTensorsWriter;
import dev.jacobian.io.safetensors.SafetensorsFile;
import dev.jacobian.io.safetensors.SafetensorsWriter;
import dev.jacobian.io.safetensors.TensorInfo;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.GoldenModel;
import dev.jacobian.testing.GoldenModels;
import dev.jacobian.testing.TestJson;
import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Saved folders: the same numbers, the same tokenizer, whole or not at all. */
class SaveLoadTest {
    @TempDir
    Path temporary;

    private static Set<String> files(Path folder) {
        try (Stream<Path> list = Files.list(folder)) {
            return list.map(p -> p.getFileName().toString()).collect(Collectors.toCollection(TreeSet::new));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ObjectNode json(Path file) {
        return (ObjectNode) Json.read(file);
    }

    private static void assertSameParameters(CausalLM actual, CausalLM expected) {
        assertThat(actual.parameters().stream().map(Var::name))
                .containsExactlyElementsOf(
                        expected.parameters().stream().map(Var::name).toList());
        for (int i = 0; i < actual.parameters().size(); i++) {
            Parameter parameter = actual.parameters().get(i);
            assertThat(parameter.value().shape())
                    .isEqualTo(expected.parameters().get(i).value().shape());
            assertBits(
                    parameter.name(),
                    parameter.value().toFloatArray(),
                    expected.parameters().get(i).value().toFloatArray());
        }
    }

    @GoldenModels
    @DisplayName("F32 round trip: every parameter, config, logits; shards become one file")
    void roundTrip(GoldenModel golden) throws IOException {
        Path source = golden.folder();
        CausalLM model = CausalLM.load(source);
        Path saved = temporary.resolve("saved");
        model.save(saved);
        CausalLM again = CausalLM.load(saved);
        assertSameParameters(again, model);
        int[] tokens = TestModels.tokens(1, 20, model.config().vocabularySize());
        assertBits(
                "logits",
                again.logits(tokens).toFloatArray(),
                model.logits(tokens).toFloatArray());

        ObjectNode before = json(source.resolve("config.json"));
        ObjectNode after = json(saved.resolve("config.json"));
        String key = before.has("dtype") ? "dtype" : "torch_dtype";
        assertThat(after.get(key).textValue()).isEqualTo("float32");
        before.remove(key);
        before.remove("quantization_config"); // what is read from 4 bits is written as numbers
        after.remove(key);
        assertThat(after).isEqualTo(before);
        assertThat(again.eosTokenIds()).isEqualTo(model.eosTokenIds());

        Set<String> written = files(saved);
        assertThat(written).contains("config.json", "model.safetensors", "generation_config.json");
        assertThat(written).doesNotContain("model.safetensors.index.json");
        for (String file : files(source)) {
            if (file.startsWith("tokenizer")
                    || file.startsWith("special")
                    || file.startsWith("chat_")
                    || file.equals("generation_config.json")) {
                assertThat(Files.readAllBytes(saved.resolve(file)))
                        .as(file)
                        .containsExactly(Files.readAllBytes(source.resolve(file)));
            }
        }
        Path twice = temporary.resolve("twice");
        again.save(twice);
        for (String file : written) {
            assertThat(Files.mismatch(twice.resolve(file), saved.resolve(file)))
                    .as(file)
                    .isEqualTo(-1);
        }
        assertThat(files(twice)).isEqualTo(written);
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"BF16", "F16"})
    @DisplayName("half precision: rounded to nearest, ties to even; a second trip changes nothing")
    void halfPrecision(DType stored) {
        CausalLM model = CausalLM.load(TestPaths.model("llama-gqa"));
        Path saved = temporary.resolve("half");
        model.save(saved, stored);
        assertThat(json(saved.resolve("config.json")).get("dtype").textValue())
                .isEqualTo(stored == DType.BF16 ? "bfloat16" : "float16");
        try (SafetensorsFile file = SafetensorsFile.open(saved.resolve("model.safetensors"))) {
            assertThat(file.metadata()).containsEntry("format", "pt");
            for (String name : file.names()) {
                assertThat(file.readStored(name).dtype()).isEqualTo(stored);
            }
        }
        CausalLM again = CausalLM.load(saved);
        for (Parameter parameter : model.parameters()) {
            float[] exact = parameter.value().toFloatArray();
            float[] rounded = again.parameter(parameter.name()).value().toFloatArray();
            for (int i = 0; i < exact.length; i++) {
                assertThat(rounded[i]).isEqualTo(nearest(exact[i], stored));
            }
        }
        Path twice = temporary.resolve("twice");
        again.save(twice, stored);
        assertSameParameters(CausalLM.load(twice), again);
    }

    /** Rounding written as arithmetic: to a multiple of the unit in the last place, by way of exact doubles. */
    private static float nearest(float value, DType stored) {
        if (value == 0) {
            return value;
        }
        int fraction = stored == DType.BF16 ? 7 : 10;
        int smallest = stored == DType.BF16 ? -126 : -14;
        double unit = Math.scalb(1.0, Math.max(Math.getExponent(value), smallest) - fraction);
        return (float) (Math.rint(value / unit) * unit);
    }

    @Test
    @DisplayName("16-bit checkpoints come back as the bits they were")
    void halfStays() {
        for (String name : new String[] {"llama-llama3rope-bf16", "mistral-swa-f16"}) {
            DType stored = name.endsWith("bf16") ? DType.BF16 : DType.F16;
            CausalLM model = CausalLM.load(TestPaths.model(name));
            Path saved = temporary.resolve(name);
            model.save(saved, stored);
            assertSameParameters(CausalLM.load(saved), model);
            try (SafetensorsFile a = SafetensorsFile.open(saved.resolve("model.safetensors"));
                    SafetensorsFile b = SafetensorsFile.open(TestPaths.testdata("models", name, "model.safetensors"))) {
                for (String tensor : b.names()) {
                    assertThat(a.readStored(tensor).shorts())
                            .as(tensor)
                            .containsExactly(b.readStored(tensor).shorts());
                }
            }
        }
    }

    @GoldenModels
    @DisplayName("saved as it was loaded: the same names, shapes, types and bytes, whether in one file or in shards")
    void asLoaded(GoldenModel golden) {
        CausalLM model = CausalLM.load(golden.folder());
        for (long shard : new long[] {SaveOptions.DEFAULT_SHARD_BYTES, 60_000}) {
            Path saved = temporary.resolve("saved");
            model.save(saved, SaveOptions.asLoaded().shards(shard));
            try (CheckpointTensors actual = CheckpointTensors.open(saved);
                    CheckpointTensors expected = CheckpointTensors.open(golden.folder())) {
                Set<String> weights = new TreeSet<>(expected.names());
                weights.removeIf(model.config().plan().names()::isPassedOver);
                Set<String> quantized = withoutQuantized(weights);
                for (String name : quantized) { // 4 bits are numbers of BF16
                    assertThat(actual.readStored(name).dtype()).isEqualTo(DType.BF16);
                    assertBits(
                            name,
                            actual.read(name).toFloatArray(),
                            new Mxfp4().find(expected).get(name).decode().toFloatArray());
                }
                Set<String> all = new TreeSet<>(weights);
                all.addAll(quantized);
                assertThat(new TreeSet<>(actual.names())).isEqualTo(all);
                for (String name : weights) {
                    assertSameBytes(name, actual.readStored(name), expected.readStored(name));
                }
            }
            ObjectNode config = json(golden.folder().resolve("config.json"));
            config.remove("quantization_config");
            assertThat(json(saved.resolve("config.json"))).isEqualTo(config);
        }
    }

    /** Takes the parts of tensors in MXFP4 out; returns the names of the whole. */
    private static Set<String> withoutQuantized(Set<String> names) {
        Set<String> quantized = names.stream()
                .filter(name -> name.endsWith("_blocks"))
                .map(name -> name.substring(0, name.length() - "_blocks".length()))
                .collect(Collectors.toCollection(TreeSet::new));
        names.removeIf(name -> name.endsWith("_blocks") || name.endsWith("_scales"));
        return quantized;
    }

    private static void assertSameBytes(String name, Tensor actual, Tensor expected) {
        assertThat(actual.dtype()).as(name).isEqualTo(expected.dtype());
        assertThat(actual.shape()).as(name).isEqualTo(expected.shape());
        if (expected.dtype() == DType.F32) {
            assertBits(name, actual.toFloatArray(), expected.toFloatArray());
        } else {
            assertThat(actual.shorts()).as(name).containsExactly(expected.shorts());
        }
    }

    @Test
    @DisplayName(
            "shards: no file beyond the limit but for one tensor, an index with the size, read back to the same model")
    void shards() throws IOException {
        CausalLM model = CausalLM.load(TestPaths.model("llama-gqa"));
        Path saved = temporary.resolve("sharded");
        long limit = 100_000; // bytes; the embedding has 98,304
        model.save(saved, SaveOptions.of(DType.F32).shards(limit));
        assertThat(saved.resolve("model.safetensors")).doesNotExist();
        long total = 0;
        List<String> shards =
                files(saved).stream().filter(file -> file.startsWith("model-")).toList();
        assertThat(shards)
                .hasSizeGreaterThan(3)
                .allSatisfy(name -> assertThat(name).endsWith("-of-%05d.safetensors".formatted(shards.size())));
        for (String shard : shards) {
            try (SafetensorsFile file = SafetensorsFile.open(saved.resolve(shard))) {
                long bytes = file.infos().stream().mapToLong(TensorInfo::bytes).sum();
                assertThat(bytes).isLessThanOrEqualTo(limit);
                total += bytes;
            }
        }
        ObjectNode index = json(saved.resolve("model.safetensors.index.json"));
        assertThat(index.get("metadata").get("total_size").longValue())
                .isEqualTo(total)
                .isEqualTo(4 * model.config().parameters());
        assertSameParameters(CausalLM.load(saved), model);
        // one tensor larger than the limit, and a folder that holds a checkpoint of the other kind
        Path into = temporary.resolve("into");
        Files.createDirectories(into);
        model.saveInto(into, DType.F32);
        Path one = temporary.resolve("one");
        model.save(one, SaveOptions.of(DType.BF16).shards(1));
        assertThat(files(one))
                .filteredOn(file -> file.startsWith("model-"))
                .hasSize(model.parameters().size());
        CheckpointTensorsWriter writer = new CheckpointTensorsWriter(1);
        model.inCheckpointForm(Parameter::value, (name, value) -> writer.add(name, value, DType.F32));
        writer.write(into);
        assertThat(into.resolve("model.safetensors")).doesNotExist();
        assertSameParameters(CausalLM.load(into), model);
        model.saveInto(into, DType.F32);
        assertThat(into.resolve("model.safetensors.index.json")).doesNotExist();
        assertThatThrownBy(() -> new CheckpointTensorsWriter(0)).hasMessageContaining("at least 1 byte");
    }

    @Test
    @DisplayName("tensors of different types in one checkpoint each come back in their own")
    void mixedTypes() {
        Path folder = TestPaths.copy(TestPaths.model("llama-llama3rope-bf16"), temporary.resolve("mixed"));
        SafetensorsWriter mixed = new SafetensorsWriter();
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("model.safetensors"))) {
            file.names()
                    .forEach(name ->
                            mixed.add(name, file.read(name), name.endsWith("norm.weight") ? DType.F32 : DType.BF16));
        }
        mixed.write(folder.resolve("model.safetensors"));
        Path saved = temporary.resolve("saved");
        CausalLM.load(folder).copy().save(saved, SaveOptions.asLoaded());
        assertThat(json(saved.resolve("config.json")).get("torch_dtype").textValue())
                .isEqualTo("bfloat16");
        try (SafetensorsFile a = SafetensorsFile.open(saved.resolve("model.safetensors"));
                SafetensorsFile b = SafetensorsFile.open(folder.resolve("model.safetensors"))) {
            assertThat(a.names()).hasSameSizeAs(b.names());
            b.names().forEach(name -> assertSameBytes(name, a.readStored(name), b.readStored(name)));
        }
    }

    @Test
    @DisplayName("both spellings of the type are updated where a config has both")
    void bothSpellings() {
        Path folder = TestPaths.copy(TestPaths.model("llama-gqa"), temporary.resolve("both"));
        TestJson.edit(folder.resolve("config.json"), config -> config.put("torch_dtype", "float32"));
        Path saved = temporary.resolve("saved");
        CausalLM.load(folder).save(saved, DType.BF16);
        assertThat(json(saved.resolve("config.json")).get("dtype").textValue()).isEqualTo("bfloat16");
        assertThat(json(saved.resolve("config.json")).get("torch_dtype").textValue())
                .isEqualTo("bfloat16");
    }

    @Test
    @DisplayName("an existing folder is replaced whole")
    void replaces() throws IOException {
        Path target = TestPaths.copy(TestPaths.model("qwen2-sharded"), temporary.resolve("model"));
        Files.writeString(target.resolve("notes.txt"), "of the old model");
        CausalLM model = CausalLM.load(TestPaths.model("qwen3"));
        model.save(target);
        assertThat(files(target)).doesNotContain("notes.txt", "model.safetensors.index.json");
        assertSameParameters(CausalLM.load(target), model);
        assertThat(files(temporary)).as("no temporary folder is left").containsExactly("model");
        model.parameters().getFirst().value().fill(0.5f);
        model.save(target);
        assertSameParameters(CausalLM.load(target), model);
    }

    @Test
    @DisplayName("a model can be saved over the folder that it was loaded from")
    void overItself() {
        Path folder = TestPaths.copy(TestPaths.model("qwen2-sharded"), temporary.resolve("model"));
        CausalLM model = CausalLM.load(folder);
        model.save(folder);
        assertSameParameters(CausalLM.load(folder), CausalLM.load(TestPaths.model("qwen2-sharded")));
    }

    @Test
    @DisplayName("a write that fails leaves the old folder as it was")
    void failure() {
        Path target = TestPaths.copy(TestPaths.model("qwen3"), temporary.resolve("model"));
        Set<String> before = files(target);
        CausalLM model = CausalLM.load(target);
        assertThatThrownBy(() -> model.save(target, DType.I8))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("I8");
        assertThat(files(target)).isEqualTo(before);
        assertThat(files(temporary)).containsExactly("model");
        assertSameParameters(CausalLM.load(target), model);
    }

    @Test
    @DisplayName("a folder that cannot be written: an error that names it, the old model untouched")
    void readOnly() throws IOException {
        Path parent = Files.createDirectory(temporary.resolve("locked"));
        Path target = TestPaths.copy(TestPaths.model("qwen3"), parent.resolve("model"));
        CausalLM model = CausalLM.load(target);
        Assumptions.assumeTrue(
                Files.getFileStore(parent).supportsFileAttributeView("posix"), "skipped: no POSIX permissions here");
        Files.setPosixFilePermissions(parent, PosixFilePermissions.fromString("r-xr-xr-x"));
        try {
            Assumptions.assumeFalse(Files.isWritable(parent), "skipped: this user (root?) may write everywhere");
            assertThatThrownBy(() -> model.save(target))
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining(target.toString())
                    .hasMessageContaining("untouched");
            assertSameParameters(CausalLM.load(target), model);
        } finally {
            Files.setPosixFilePermissions(parent, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        Path file = Files.createFile(temporary.resolve("file"));
        assertThatThrownBy(() -> model.save(file.resolve("model"))).hasMessageContaining("file");
        assertThat(file).isEmptyFile();
    }

    @Test
    @DisplayName("a fresh model: same seed same bits, transformers' distribution, saved and loaded")
    void fresh() {
        CausalLM first = TestModels.wideModel(temporary);
        CausalLM second = TestModels.wideModel(temporary);
        assertSameParameters(second, first);
        Tensor embedding = first.parameter("model.embed_tokens.weight").value();
        double squares = 0;
        double sum = 0;
        for (float value : embedding.toFloatArray()) {
            sum += value;
            squares += (double) value * value;
        }
        int n = embedding.elements();
        assertThat(Math.sqrt(squares / n)).isBetween(0.199, 0.201);
        assertThat(Math.abs(sum / n)).isLessThan(5 * 0.2 / Math.sqrt(n));
        assertThat(first.parameter("model.norm.weight").value().toFloatArray()).containsOnly(1f);
        Path saved = temporary.resolve("fresh");
        first.save(saved);
        assertSameParameters(CausalLM.load(saved), first);
        assertThat(CausalLM.load(saved).eosTokenIds()).containsExactly(3);
    }

    @Test
    @DisplayName("a copy is not changed by training the original")
    void copies() {
        CausalLM model = CausalLM.load(TestPaths.model("llama-mha-tied"));
        CausalLM copy = model.copy();
        assertSameParameters(copy, model);
        assertThat(copy.head()).as("still tied").isSameAs(copy.parameter("model.embed_tokens.weight"));
        int[] tokens = {1, 2, 3};
        float[] before = copy.logits(tokens).toFloatArray();
        for (Parameter parameter : model.parameters()) {
            parameter.value().fill(0.1f);
            parameter.valueChanged();
        }
        assertBits("copy", copy.logits(tokens).toFloatArray(), before);
        assertThat(model.logits(tokens).toFloatArray()).isNotEqualTo(before);
    }
}
