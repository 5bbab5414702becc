// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.safetensors.SafetensorsFile;
import dev.jacobian.testing.GoldenModel;
import dev.jacobian.testing.GoldenModels;
import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The file against what transformers computes, within 20 times the noise of the oracle's own F32 run. */
class LogitsCommandTest {
    private static final double NOISE_FACTOR = 20;

    @TempDir
    Path folder;

    @GoldenModels
    void logitsAndHiddenStates(GoldenModel model) throws IOException {
        String name = model.name();
        JsonNode golden = model.json();
        double tolerance = NOISE_FACTOR * model.noise("logits");
        JsonNode cases = golden.get("cases");
        String ids = "[" + cases.get("short").get("input_ids").get(0) + ","
                + cases.get("long").get("input_ids").get(0) + "]";
        Path out = folder.resolve("new folder/out.safetensors");
        Run.of(
                        "logits",
                        "--model",
                        TestPaths.model(name),
                        "--input-ids",
                        Files.writeString(folder.resolve("ids.json"), ids),
                        "--out",
                        out,
                        "--hidden-states")
                .result();
        try (SafetensorsFile actual = SafetensorsFile.open(out);
                SafetensorsFile expected =
                        SafetensorsFile.open(TestPaths.model(name).resolve("golden.safetensors"))) {
            assertClose(actual, "logits.0", expected, "short.logits", tolerance);
            assertClose(actual, "logits.1", expected, "long.logits", tolerance);
            assertThat(actual.info("logits.1").extents()).hasSize(2);
            int layers = (int) expected.names().stream()
                    .filter(n -> n.startsWith("long.hidden.layer"))
                    .count();
            assertClose(actual, "hidden.1.0", expected, "long.hidden.embed", tolerance);
            for (int layer = 1; layer < layers; layer++) {
                assertClose(actual, "hidden.1." + layer, expected, "long.hidden.layer" + (layer - 1), tolerance);
            }
            assertClose(actual, "hidden.1." + layers, expected, "long.hidden.final_norm", tolerance);
            assertThat(actual.names()).hasSize(2 + 2 * (layers + 1));
        }
    }

    @GoldenModels
    void lossAndGradients(GoldenModel golden) throws IOException {
        String name = golden.name();
        JsonNode loss = golden.json().get("loss");
        String padded = loss.get("case").textValue();
        Path ids = Files.writeString(
                folder.resolve("ids.json"),
                golden.unpadded(padded, golden.golden(padded).get("input_ids")));
        Path labels = Files.writeString(folder.resolve("labels.json"), golden.unpadded(padded, loss.get("labels")));
        Path out = folder.resolve("out.safetensors");
        JsonNode report = Run.of(
                        "logits",
                        "--model",
                        TestPaths.model(name),
                        "--input-ids",
                        ids,
                        "--labels",
                        labels,
                        "--gradients",
                        "--out",
                        out,
                        "--json")
                .json();
        double tolerance = NOISE_FACTOR * golden.noise("grad");
        double lossTolerance = NOISE_FACTOR * golden.noise("loss");
        try (SafetensorsFile actual = SafetensorsFile.open(out);
                SafetensorsFile expected =
                        SafetensorsFile.open(TestPaths.model(name).resolve("golden.safetensors"))) {
            assertThat(actual.info("loss").extents()).isEmpty();
            assertThat((double) actual.read("loss").item())
                    .isCloseTo(loss.get("value").doubleValue(), within(lossTolerance));
            assertThat(report.get("loss").floatValue())
                    .isEqualTo(actual.read("loss").item());
            Set<String> gradients = expected.names().stream()
                    .filter(n -> n.startsWith("grad."))
                    .collect(Collectors.toCollection(TreeSet::new));
            assertThat(actual.names().stream().filter(n -> n.startsWith("grad.")))
                    .containsExactlyInAnyOrderElementsOf(gradients);
            for (String gradient : gradients) {
                assertClose(actual, gradient, expected, gradient, tolerance);
            }
        }
    }

    @Test
    void learnedPositionsEnd() throws IOException {
        String ids = "[[" + "1, ".repeat(64) + "2]]";
        Object[] command = {
            "logits",
            "--model",
            TestPaths.model("gpt2"),
            "--input-ids",
            Files.writeString(folder.resolve("ids.json"), ids),
            "--out",
            folder.resolve("out.safetensors")
        };
        assertThat(Run.of(command).failure(1)).contains("65 tokens", "learned 64 positions");
    }

    @Test
    void lossWithoutGradientsIsTheSame() throws IOException {
        Path ids = Files.writeString(folder.resolve("ids.json"), "[[3, 4, 5, 6], [7, 8]]");
        Path labels = Files.writeString(folder.resolve("labels.json"), "[[-100, -100, 5, 6], [7, 8]]");
        Path model = TestPaths.model("llama-gqa");
        JsonNode with = Run.of(
                        "logits",
                        "--model",
                        model,
                        "--input-ids",
                        ids,
                        "--labels",
                        labels,
                        "--gradients",
                        "--out",
                        folder.resolve("a"),
                        "--json")
                .json();
        JsonNode without = Run.of(
                        "logits",
                        "--model",
                        model,
                        "--input-ids",
                        ids,
                        "--labels",
                        labels,
                        "--out",
                        folder.resolve("b"),
                        "--json")
                .json();
        assertThat(without.get("loss")).isEqualTo(with.get("loss"));
        assertThat(without.get("tokens").intValue()).isEqualTo(6);
    }

    private static void assertClose(
            SafetensorsFile actualFile,
            String actualName,
            SafetensorsFile expectedFile,
            String expectedName,
            double tolerance) {
        float[] actual = actualFile.read(actualName).toFloatArray();
        float[] expected = expectedFile.read(expectedName).toFloatArray();
        assertThat(actual).as(actualName).hasSameSizeAs(expected);
        for (int i = 0; i < actual.length; i++) {
            assertThat(Math.abs((double) actual[i] - expected[i]))
                    .as("%s[%d]: %s, expected %s", actualName, i, actual[i], expected[i])
                    .isLessThanOrEqualTo(tolerance);
        }
    }
}
