// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.tensor.Device;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That the GPU benchmarks run, on the CPU in tiny shapes, and that their names and shapes are the other side's. */
class GpuBenchTest {
    private static final Path PEERS = Path.of(System.getProperty("jacobian.bench.root"), "jmh/src/peers/python");

    @TempDir
    private Path folder;

    @Test
    void everyCaseRunsAndLeavesARow() {
        StringWriter err = new StringWriter();
        Path json = folder.resolve("rows.json");
        int code = GpuBench.run(
                new String[] {"--smoke", "--device", "cpu", "--json", json.toString()},
                new PrintWriter(new StringWriter()),
                new PrintWriter(err, true));
        assertThat(code).as(err.toString()).isZero();
        JsonNode rows = Json.read(json);
        assertThat(rows.size()).isEqualTo(13 + 12 + 5);
        for (JsonNode row : rows) {
            assertThat(row.get("side").textValue()).isEqualTo("jacobian");
            assertThat(row.get("smoke").booleanValue()).isTrue();
            assertThat(row.get("score").doubleValue()).isPositive();
            assertThat(row.get("spread").size()).isEqualTo(2);
        }
    }

    @Test
    void productsHaveTheOtherSidesNames() throws IOException {
        String peer = Files.readString(PEERS.resolve("matmul.py"));
        for (GpuCase one : new MatMulCases(Device.CPU, false).all()) {
            assertThat(peer).contains("\"" + one.name() + "\": (").contains("\"" + one.suite() + "\"");
        }
    }

    @Test
    void theUnitDecidesWhatAScoreIs() {
        assertThat(new GpuCase("s", "n", "tokens/s", 100, () -> null).score(0.5))
                .isEqualTo(200);
        assertThat(new GpuCase("s", "n", "s", 100, () -> null).score(0.5)).isEqualTo(0.5);
    }
}
