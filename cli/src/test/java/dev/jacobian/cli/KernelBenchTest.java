// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The roofline of {@code doctor --bench}: its arithmetic, its two forms and what it leaves behind. */
class KernelBenchTest {
    private static final Roofline ONE = new Roofline(1, 100e9, 10e9);
    private static final Roofline ALL = new Roofline(2, 200e9, 20e9);

    private static KernelCase kernel(String name, double operations, double bytes) {
        return new KernelCase(name, "2x3x4", operations, bytes, backend -> () -> {});
    }

    @Test
    void theSlowerOfArithmeticAndMemoryIsTheLimit() {
        assertThat(ONE.seconds(100e9, 1)).isEqualTo(1);
        assertThat(ONE.seconds(1, 30e9)).isEqualTo(3);
        assertThat(ONE.isComputeBound(100e9, 1e9)).isTrue();
        assertThat(ONE.isComputeBound(1e9, 1e9)).isFalse();
    }

    @Test
    void tableAndJsonAgree() {
        KernelBench bench = new KernelBench(
                ONE,
                ALL,
                List.of(
                        new KernelBench.Result(kernel("product", 100e9, 1e9), 2, 1),
                        new KernelBench.Result(kernel("copy", 1e9, 10e9), 1, 0.8)));
        String table = String.join("\n", bench.lines());
        assertThat(table)
                .containsPattern("product +2x3x4 +50\\.0 GFLOP/s +100\\.0 GFLOP/s +2\\.00x +compute +50 %")
                .containsPattern("copy +2x3x4 +10\\.0 GB/s +12\\.5 GB/s +1\\.25x +memory +63 %");
        assertThat(bench.lines()).allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(120));

        JsonNode json = bench.toJson();
        assertThat(json.get("fma_flops_per_second").doubleValue()).isEqualTo(200e9);
        assertThat(json.get("read_bytes_per_second_1_thread").doubleValue()).isEqualTo(10e9);
        JsonNode product = json.get("kernels").get(0);
        assertThat(product.get("bound").textValue()).isEqualTo("compute");
        assertThat(product.get("roofline_share").doubleValue()).isEqualTo(0.5);
        assertThat(product.get("roofline_share_1_thread").doubleValue()).isEqualTo(0.5);
        JsonNode copy = json.get("kernels").get(1);
        assertThat(copy.get("bound").textValue()).isEqualTo("memory");
        assertThat(copy.get("roofline_share").doubleValue()).isCloseTo(0.625, within(1e-12));
        assertThat(copy.get("thread_gain").doubleValue()).isCloseTo(1.25, within(1e-12));
    }

    @Test
    void measuringLeavesTheThreadsAsTheyWere() {
        int threads = ComputePool.threads();
        KernelCase add = new KernelCase("add", "4096", 4096, 3 * 4 * 4096, backend -> {
            Tensor x = Tensor.zeros(4096); // [D]
            return () -> backend.elementwise().add(x, x, x);
        });
        List<String> progress = new ArrayList<>();
        KernelBench bench = KernelBench.measure(List.of(add), progress::add);
        assertThat(ComputePool.threads()).isEqualTo(threads);
        assertThat(bench.one().threads()).isEqualTo(1);
        assertThat(bench.all().threads()).isEqualTo(threads);
        assertThat(bench.one().flopsPerSecond()).isBetween(1e6, 1e13);
        assertThat(bench.one().bytesPerSecond()).isBetween(1e6, 1e13);
        assertThat(bench.kernels().getFirst().one()).isPositive();
        assertThat(progress).last().asString().contains("add 4096 (1/1)");
    }

    @Test
    void everyKernelFamilyIsThere() {
        assertThat(KernelCases.all())
                .extracting(KernelCase::kernel)
                .contains(
                        "matmul NN",
                        "matmul NT",
                        "matmul TN",
                        "packed F32",
                        "packed BF16",
                        "packed Q8_0",
                        "packed Q4_0",
                        "attention forward",
                        "attention backward",
                        "attention decode",
                        "RMSNorm",
                        "rotary",
                        "SwiGLU",
                        "softmax",
                        "log-probabilities",
                        "embedding",
                        "AdamW");
        assertThat(KernelCases.all()).allSatisfy(kernel -> {
            assertThat(kernel.bytes()).isPositive();
            assertThat(kernel.kernel().length()).isLessThan(20);
            assertThat(kernel.shape().length()).isLessThan(19);
        });
    }
}
