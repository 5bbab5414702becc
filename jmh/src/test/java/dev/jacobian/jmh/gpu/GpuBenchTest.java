// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.jmh.Folders;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GpuBenchTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        return GpuBench.run(args, new PrintWriter(out, true), new PrintWriter(err, true));
    }

    @Test
    @DisplayName(
            "every case of every suite runs on the emulated device, in a process as on a machine that has jars alone")
    void everyCase(@TempDir Path folder) throws IOException, InterruptedException {
        Path emulated = EmulatedGpu.libraries();
        Path json = folder.resolve("rows.json");
        ProcessBuilder builder = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx1g",
                        "-XX:+UseSerialGC",
                        "--add-modules=jdk.incubator.vector",
                        "--enable-native-access=ALL-UNNAMED",
                        "-Djacobian.cuda.libraries=" + emulated,
                        "-cp",
                        System.getProperty("java.class.path"),
                        GpuBench.class.getName(),
                        "--tiny",
                        "--json",
                        json.toString()))
                .redirectErrorStream(true);
        builder.environment()
                .putAll(Map.of(
                        "JACOBIAN_EMULATION_MODE", "lazy",
                        "JACOBIAN_EMULATION_ORDER", "random",
                        "JACOBIAN_EMULATION_FAULTS", "fatal"));
        Process process = builder.start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(printed).isZero();

        JsonNode rows = Json.read(json);
        List<String> measured = new ArrayList<>();
        for (JsonNode row : rows) {
            measured.add(row.get("suite").asText() + ": " + row.get("case").asText());
            assertThat(row.get("side").asText()).isEqualTo("jacobian");
            assertThat(row.get("smoke").asBoolean()).isTrue();
            assertThat(row.get("device").asText()).contains("cuda:0");
            assertThat(row.get("score").asDouble()).as(row.toString()).isPositive();
            assertThat(row.get("spread").get(0).asDouble())
                    .isLessThanOrEqualTo(row.get("spread").get(1).asDouble());
        }
        List<String> wanted = new ArrayList<>(List.of("gpu-bandwidth: device copy, read and written"));
        GpuSuites.ALL.forEach(suite -> suite.cases().forEach(label -> wanted.add(suite.name() + ": " + label)));
        assertThat(measured).containsExactlyInAnyOrderElementsOf(wanted);

        JsonNode decode = row(rows, "gpu-decode");
        assertThat(decode.get("share_of_copy_bandwidth").asDouble()).isPositive();
        assertThat(row(rows, "gpu-training-step")
                        .get("phases_s")
                        .get("backward")
                        .asDouble())
                .isPositive();
        // one engine samples and trains; what is left is the rounding of products that cuBLAS cuts by the shape
        assertThat(row(rows, "gpu-grpo").get("sampling_logp_difference_max").asDouble())
                .isLessThan(1e-2);
    }

    private static JsonNode row(JsonNode rows, String suite) {
        return StreamSupport.stream(rows.spliterator(), false)
                .filter(row -> row.get("suite").asText().equals(suite))
                .findFirst()
                .orElseThrow();
    }

    @Test
    @DisplayName("each peer's script writes rows of the suite's name, in its unit")
    void peers() throws IOException {
        for (GpuSuite suite : GpuSuites.ALL) {
            if (suite.peer().isEmpty()) {
                continue;
            }
            Path script = Folders.root()
                    .resolve("jmh/src/peers/python")
                    .resolve(suite.peer().get());
            String text = Files.readString(script);
            assertThat(text).as(script.toString()).contains('"' + suite.name() + '"');
        }
    }

    @Test
    @DisplayName("the products are those of the peer's script")
    void products() throws IOException {
        String script = Files.readString(Folders.root().resolve("jmh/src/peers/python/matmul.py"));
        List<String> theirs = Pattern.compile("^    \"(.*)\": \\(", Pattern.MULTILINE)
                .matcher(script)
                .results()
                .map((MatchResult found) -> found.group(1))
                .toList();
        assertThat(theirs)
                .isEqualTo(GpuSuites.named("gpu-matrix-product").orElseThrow().cases());
    }

    @Test
    @DisplayName("operations are those of the formulas in the peers' scripts")
    void work() {
        assertThat(work("gpu-matrix-product", "8192^3")).isEqualTo(2.0 * 8192 * 8192 * 8192);
        assertThat(work("gpu-matrix-product", "0.5B head")).isEqualTo(2.0 * 8192 * 151936 * 896);
        assertThat(work("gpu-matrix-product", "scores of 224 heads, 1024 tokens"))
                .isEqualTo(2.0 * 224 * 1024 * 1024 * 64);
        assertThat(work("gpu-attention", "forward, 2048 tokens, D 64")).isEqualTo(2.0 * 8 * 32 * 2048 * 2048 * 64);
        assertThat(work("gpu-attention", "backward, 16384 tokens, D 128")).isEqualTo(5.0 * 16 * 16384 * 16384 * 128);
        assertThat(work("gpu-attention", "forward, 2048 tokens, Qwen2.5-7B"))
                .isEqualTo(2.0 * 8 * 28 * 2048 * 2048 * 128);
        assertThat(work("gpu-rollouts", "rollouts, 256 sequences x 512 tokens")).isEqualTo(256 * 512);
    }

    private static double work(String suite, String label) {
        return GpuSuites.named(suite).orElseThrow().workOf(label);
    }

    @Test
    @DisplayName("a case's own name selects it alone, another text all that contain it")
    void selection() {
        GpuSuite products = GpuSuites.named("gpu-matrix-product").orElseThrow();
        assertThat(products.select("7B gate and up")).containsExactly("7B gate and up");
        assertThat(new TreeSet<>(products.select("7B gate")))
                .containsExactly("7B gate and up", "7B gate and up, 256 tokens");
        assertThat(products.select("")).isEqualTo(products.cases());
    }

    @Test
    @DisplayName("a share of the peak is stated for devices whose peak is known")
    void peaks() {
        assertThat(DevicePeaks.bf16("cuda:0 NVIDIA H200, 139 GiB")).hasValue(989e12);
        assertThat(DevicePeaks.bf16("cuda:0 NVIDIA H100 80GB HBM3")).hasValue(989e12);
        assertThat(DevicePeaks.bf16("cuda:0 NVIDIA H100 PCIe")).hasValue(756e12);
        assertThat(DevicePeaks.bf16("cuda:0 Emulated GPU 0")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "gpu-matmul, there is no suite 'gpu-matmul'",
        "--device=cpu, takes cuda or cuda:N",
        "--device=tpu, unknown device 'tpu'",
        "--case=nothing, no case contains 'nothing'",
        "--fast, --fast"
    })
    @DisplayName("wrong usage says what is wrong before a device is touched")
    void wrongUsage(String argument, String message) {
        assertThat(run(argument)).isEqualTo(2);
        assertThat(err.toString()).contains(message);
    }

    @Test
    @DisplayName("lists suites and cases")
    void lists() {
        assertThat(run("--list", "--case", "tokens, D 64")).isZero();
        assertThat(out.toString().lines())
                .contains("gpu-attention: forward, 2048 tokens, D 64", "gpu-attention: backward, 16384 tokens, D 64")
                .allMatch(line -> line.contains("D 64"));
    }
}
