// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.jmh.gpu.EmulatedGpu;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Suites on a GPU through the harness; what they measure is tested with GpuBench. */
class OnGpuTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        return Bench.run(args, new PrintWriter(out, true), new PrintWriter(err, true));
    }

    @AfterEach
    void restore() {
        System.clearProperty("jacobian.cuda.libraries");
        System.clearProperty(OnGpu.DEVICE);
        System.clearProperty(OnGpu.TINY);
    }

    @Test
    @DisplayName("each case is a process of its own, and the report names the device")
    void report(@TempDir Path folder) throws Exception {
        System.setProperty("jacobian.cuda.libraries", EmulatedGpu.libraries().toString());
        int code = run(
                "gpu-attention",
                "--tiny",
                "--quick",
                "--device",
                "cuda:0",
                "--case",
                "2048 tokens, Qwen2.5-0.5B",
                "--out",
                folder.toString());
        assertThat(code).as(err.toString()).isZero();
        assertThat(out.toString()).contains("forward, 2048 tokens, Qwen2.5-0.5B", "TFLOP/s");
        JsonNode rows = Json.read(folder.resolve("gpu-attention.json"));
        assertThat(rows).hasSize(2);
        assertThat(rows.get(1).get("case").asText()).isEqualTo("backward, 2048 tokens, Qwen2.5-0.5B");
        assertThat(rows.get(1).get("unit").asText()).isEqualTo("TFLOP/s");
        assertThat(rows.get(1).get("score").asDouble()).isPositive();
        assertThat(Files.readString(folder.resolve("gpu-attention.md"))).contains("kernels cuda:0");
    }

    @Test
    @DisplayName("a device that cannot be used is a failure")
    void noDevice(@TempDir Path folder) {
        System.setProperty(
                "jacobian.cuda.libraries", folder.resolve("nothing here").toString());
        assertThat(run("gpu-launch", "--tiny", "--quick", "--device", "cuda:9", "--out", folder.toString()))
                .isEqualTo(1);
        assertThat(err.toString()).contains("GpuBench on 'add, into a given tensor' ended with code 1");
    }

    @ParameterizedTest
    @CsvSource({
        "matrix-product --device cuda, only suites gpu-... take --device",
        "matrix-product --tiny, only suites gpu-... take --tiny",
        "gpu-decode --device cpu, --device takes cuda or cuda:N",
        "gpu-decode --case nothing, gpu-decode has no case 'nothing'",
        "gpu-launch --peers, gpu-launch has no peers"
    })
    @DisplayName("wrong usage says what is wrong")
    void wrongUsage(String line, String message) {
        assertThat(run(line.split(" "))).isEqualTo(2);
        assertThat(err.toString()).contains(message);
    }
}
