// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.tensor.Device;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** Where test data lies, how goldens spell integer arrays, and comparisons of whole arrays. */
public final class Fixtures {
    private Fixtures() {}

    /** A path below the project's {@code testdata}. */
    public static Path testdata(String first, String... more) {
        return root("jacobian.testdata", "testdata").resolve(Path.of(first, more));
    }

    /** A path below {@code ../shared}: data that may not be committed. The test is skipped if it is not there. */
    public static Path shared(String first, String... more) {
        Path path = root("jacobian.shared", "../shared").resolve(Path.of(first, more));
        Assumptions.assumeTrue(
                Files.exists(path), () -> "skipped: " + path + " is not there (it may not be committed)");
        return path;
    }

    /**
     * Where models of these tests are loaded: on the CPU, or where {@code -Djacobian.test.device} says. On the emulated GPU
     * the test is skipped if it was not built; {@code -Djacobian.gpu.emulation=required} makes that a failure.
     */
    public static ModelOptions placement() {
        Device device = Device.parse(System.getProperty("jacobian.test.device", "cpu"));
        if (!device.equals(Device.CPU) && !Boolean.getBoolean("jacobian.gpu.real")) {
            Path emulated = Path.of(System.getProperty("jacobian.cuda.libraries", ""));
            if ("required".equals(System.getProperty("jacobian.gpu.emulation"))) {
                assertThat(emulated.resolve("libcuda.so.1")).exists();
            }
            Assumptions.assumeTrue(
                    Files.exists(emulated.resolve("libcuda.so.1")),
                    () -> "skipped: no emulated GPU in '" + emulated
                            + "'; the tests of the tensor module build it (g++)");
        }
        return ModelOptions.DEFAULT.on(device);
    }

    private static Path root(String property, String relative) {
        String given = System.getProperty(property);
        if (given != null) {
            return Path.of(given);
        }
        Path folder = Path.of(System.getProperty("user.dir"));
        while (!Files.isDirectory(folder.resolve("testdata"))) {
            folder = folder.getParent();
            if (folder == null) {
                throw new IllegalStateException(
                        "no testdata above " + System.getProperty("user.dir") + "; set " + property);
            }
        }
        return folder.resolve(relative);
    }

    /** An array of integers. */
    public static int[] ints(JsonNode array) {
        int[] values = new int[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).intValue();
        }
        return values;
    }

    /** An array of arrays of integers. */
    public static List<int[]> rows(JsonNode arrays) {
        List<int[]> rows = new ArrayList<>();
        arrays.forEach(row -> rows.add(ints(row)));
        return rows;
    }

    /** Random token ids. */
    public static int[] tokens(long seed, int length, int vocabulary) {
        return new SplittableRandom(seed).ints(length, 0, vocabulary).toArray();
    }

    /** A copy of a folder of small files, to be broken by a test. */
    public static Path copy(Path from, Path to) {
        try (Stream<Path> files = Files.list(from)) {
            Files.createDirectories(to);
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
            return to;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Changes a JSON file in place. */
    public static void edit(Path file, Consumer<ObjectNode> change) {
        ObjectNode node = (ObjectNode) Json.read(file);
        change.accept(node);
        Json.write(file, node);
    }

    /** Every model of these tests at a size that kernels split among threads. */
    public static CausalLM wideModel(Path folder) {
        String config = """
            {"model_type": "qwen3", "vocab_size": 1500, "hidden_size": 192, "intermediate_size": 320,
             "num_hidden_layers": 2, "num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": 40,
             "hidden_act": "silu", "max_position_embeddings": 4096, "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
             "initializer_range": 0.2, "tie_word_embeddings": false, "eos_token_id": 3}
            """;
        Json.write(folder.resolve("config.json"), Json.parse(config, "wide model"));
        return CausalLM.create(
                dev.jacobian.transformer.config.ModelFamily.read(folder), java.util.Optional.empty(), 17);
    }

    /** Equality of bits. */
    public static void assertBits(String what, float[] actual, float[] expected) {
        assertThat(actual.length).as(what).isEqualTo(expected.length);
        for (int i = 0; i < actual.length; i++) {
            if (Float.floatToRawIntBits(actual[i]) != Float.floatToRawIntBits(expected[i])) {
                throw new AssertionError(what + "[" + i + "]: " + actual[i] + " is not bit for bit " + expected[i]);
            }
        }
    }

    /** Closeness in absolute terms. */
    public static void assertClose(String what, float[] actual, float[] expected, double tolerance) {
        assertThat(actual.length).as(what).isEqualTo(expected.length);
        for (int i = 0; i < actual.length; i++) {
            if (!(Math.abs((double) actual[i] - expected[i]) <= tolerance)) {
                throw new AssertionError(
                        what + "[" + i + "]: " + actual[i] + ", expected " + expected[i] + " within " + tolerance);
            }
        }
    }
}
