// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static dev.jacobian.testing.Bits.assertBits;
import static dev.jacobian.testing.Bits.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.io.safetensors.SafetensorsFile;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.testing.TestJson;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.lora.AdapterSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Adapters that PEFT wrote: the logits that PEFT computes with them, before and after merging, and the files again as they were.
 *
 * <p>Tolerance: {@value #NOISE_FACTOR} times how far PEFT's own F32 run is from F64.
 */
class LoraGoldenTest {
    private static final double NOISE_FACTOR = 4;

    @TempDir
    Path temporary;

    /** Cases with an adapter and logits: those in testdata, and all others where they are. */
    static Stream<Path> cases() throws IOException {
        List<Path> cases = new ArrayList<>(list(TestPaths.testdata("training")));
        TreeSet<String> names = new TreeSet<>();
        cases.forEach(folder -> names.add(folder.getFileName().toString()));
        Path shared = TestPaths.shared("golden", "training");
        if (Files.isDirectory(shared)) {
            list(shared).stream()
                    .filter(folder -> names.add(folder.getFileName().toString()))
                    .forEach(cases::add);
        }
        return cases.stream();
    }

    private static List<Path> list(Path root) throws IOException {
        try (Stream<Path> folders = Files.list(root)) {
            return folders.filter(folder -> Files.exists(folder.resolve("adapter")))
                    .filter(folder -> Files.exists(folder.resolve("logits.json")))
                    .sorted()
                    .toList();
        }
    }

    static Path base(Path folder) {
        try {
            String name = Files.readString(folder.resolve("model")).strip();
            return folder.resolveSibling("models").resolve(name);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static CausalLM load(Path folder) {
        return CausalLM.load(base(folder), ModelOptions.DEFAULT, new AdapterSource.Saved(folder.resolve("adapter")));
    }

    @ParameterizedTest
    @MethodSource("cases")
    @DisplayName("logits with the adapter, and after merging")
    void logits(Path folder) {
        JsonNode oracle = TestJson.read(folder.resolve("logits.json"));
        double tolerance = NOISE_FACTOR * oracle.get("noise_adapter_vs_float64").doubleValue();
        CausalLM adapted = load(folder);
        CausalLM merged = adapted.merged();
        try (SafetensorsFile golden = SafetensorsFile.open(folder.resolve("logits.safetensors"))) {
            Tensor ids = golden.read("input_ids"); // [B, T]
            Tensor mask = golden.read("attention_mask"); // [B, T]
            for (int b = 0; b < ids.extent(0); b++) {
                List<Integer> row = new ArrayList<>();
                for (int t = 0; t < ids.extent(1); t++) {
                    if (mask.ints()[b * ids.extent(1) + t] == 1) {
                        row.add(ids.ints()[b * ids.extent(1) + t]);
                    }
                }
                int[] tokens = row.stream().mapToInt(Integer::intValue).toArray();
                float[] expected = golden.read("adapter_logits")
                        .select(0, b)
                        .slice(0, 0, tokens.length)
                        .toFloatArray();
                float[] own = adapted.logits(tokens).toFloatArray();
                assertClose("adapter, row " + b, own, expected, tolerance);
                assertClose(
                        "merged, row " + b,
                        merged.logits(tokens).toFloatArray(),
                        own,
                        tolerance
                                + NOISE_FACTOR * oracle.get("adapter_vs_merged").doubleValue());
            }
        }
        sums(merged, oracle.get("merged_sums"));
    }

    /** Sum and norm of each merged weight. */
    private static void sums(CausalLM merged, JsonNode expected) {
        List<String> seen = new ArrayList<>();
        merged.inCheckpointForm(Parameter::value, (name, value) -> {
            double sum = 0;
            double squares = 0;
            for (float element : value.toFloatArray()) {
                sum += element;
                squares += (double) element * element;
            }
            JsonNode golden = expected.get(name);
            if (golden != null) {
                seen.add(name);
                assertThat(sum).as("sum of " + name).isEqualTo(golden.get(0).doubleValue(), within(2e-5));
                assertThat(Math.sqrt(squares))
                        .as("norm of " + name)
                        .isEqualTo(golden.get(1).doubleValue(), within(1e-5));
            }
        });
        assertThat(seen).hasSizeGreaterThan(expected.size() - 2);
    }

    @ParameterizedTest
    @MethodSource("cases")
    @DisplayName("what is written is what PEFT wrote: tensors to the byte, and the configuration")
    void written(Path folder) throws IOException {
        Path again = temporary.resolve("adapter");
        load(folder).save(again);
        Path peft = folder.resolve("adapter");
        assertThat(again.resolve("adapter_model.safetensors"))
                .hasSameBinaryContentAs(peft.resolve("adapter_model.safetensors"));
        assertThat(TestJson.read(again.resolve("adapter_config.json")))
                .isEqualTo(TestJson.read(peft.resolve("adapter_config.json")));
        assertThat(again).isDirectoryNotContaining("glob:**model.safetensors.index.json");
    }

    @ParameterizedTest
    @MethodSource("cases")
    @DisplayName("without the adapter: the base model, but for biases that the adapter trains")
    void withoutAdapter(Path folder) {
        int[] tokens = {5, 17, 200, 31, 8};
        CausalLM adapted = load(folder);
        float[] base = CausalLM.load(base(folder)).logits(tokens).toFloatArray();
        float[] without = adapted.withoutAdapter().logits(tokens).toFloatArray();
        if (adapted.adapter().orElseThrow().config().bias() == dev.jacobian.transformer.lora.Bias.NONE) {
            assertBits("base", without, base);
        } else {
            assertThat(without).isNotEqualTo(base);
        }
        assertThat(adapted.logits(tokens).toFloatArray()).isNotEqualTo(base);
    }

    @ParameterizedTest
    @MethodSource("cases")
    @DisplayName("a fresh adapter of the same configuration has the same tensors and changes nothing yet")
    void fresh(Path folder) {
        CausalLM saved = load(folder);
        CausalLM fresh = CausalLM.load(
                base(folder),
                ModelOptions.DEFAULT.weights(WeightFormat.BF16),
                new AdapterSource.Fresh(saved.adapter().orElseThrow().config(), 7));
        List<String> names = fresh.parameters().stream().map(Parameter::name).toList();
        assertThat(names)
                .isEqualTo(saved.parameters().stream().map(Parameter::name).toList());
        int[] tokens = {5, 17, 200, 31, 8};
        float[] with = fresh.logits(tokens).toFloatArray();
        float[] without = fresh.withoutAdapter().logits(tokens).toFloatArray();
        assertClose("logits", with, without, 1e-5);
    }
}
