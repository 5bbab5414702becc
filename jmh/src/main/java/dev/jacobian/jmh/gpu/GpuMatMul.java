// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.gpu;

import dev.jacobian.jmh.harness.Unit;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** Matrix products in BF16, single ones and batches; the cases are those of {@code matmul.py}. */
final class GpuMatMul {
    private static final int TOKENS = 8192;

    private static final Map<String, Product> PRODUCTS = products();

    static final GpuSuite SUITE = new GpuSuite(
            "gpu-matrix-product",
            "matrix products of BF16 numbers with F32 sums",
            Unit.TFLOPS,
            List.copyOf(PRODUCTS.keySet()),
            label -> Objects.requireNonNull(PRODUCTS.get(label)).operations(),
            Optional.of("matmul.py"),
            "Squares, the products of a layer of Qwen2.5-0.5B and 7B over 8192 and 256 tokens, and batches of"
                    + " products, as attention without a kernel of its own has for the heads of 16 sequences. The right"
                    + " factor is stored as a layer's weight is, transposed.",
            GpuMatMul::measure);

    private GpuMatMul() {}

    /** [M, K] times [K, N]; a batch of them is one call. */
    private record Product(int batch, int m, int n, int k) {
        Product(int m, int n, int k) {
            this(1, m, n, k);
        }

        double operations() {
            return 2.0 * batch * m * n * k;
        }

        /** [B, rows, columns], or without a batch [rows, columns]. */
        int[] extents(int rows, int columns) {
            return batch == 1 ? new int[] {rows, columns} : new int[] {batch, rows, columns};
        }
    }

    private static Map<String, Product> products() {
        Map<String, Product> products = new LinkedHashMap<>();
        products.put("4096^3", new Product(4096, 4096, 4096));
        products.put("8192^3", new Product(8192, 8192, 8192));
        products.put("0.5B qkv", new Product(TOKENS, 1152, 896));
        products.put("0.5B attention out", new Product(TOKENS, 896, 896));
        products.put("0.5B gate and up", new Product(TOKENS, 9728, 896));
        products.put("0.5B down", new Product(TOKENS, 896, 4864));
        products.put("0.5B head", new Product(TOKENS, 151936, 896));
        products.put("7B qkv", new Product(TOKENS, 4608, 3584));
        products.put("7B attention out", new Product(TOKENS, 3584, 3584));
        products.put("7B gate and up", new Product(TOKENS, 37888, 3584));
        products.put("7B down", new Product(TOKENS, 3584, 18944));
        products.put("0.5B gate and up, 256 tokens", new Product(256, 9728, 896));
        products.put("7B gate and up, 256 tokens", new Product(256, 37888, 3584));
        products.put("scores of 224 heads, 1024 tokens", new Product(224, 1024, 1024, 64));
        products.put("values of 224 heads, 1024 tokens", new Product(224, 1024, 64, 1024));
        return products;
    }

    private static void measure(GpuRun run) {
        RandomTensors random = new RandomTensors(run.device(), 1);
        PRODUCTS.forEach((label, full) -> {
            if (!run.wants(label)) {
                return;
            }
            Product product = run.effort().tiny() ? new Product(Math.min(full.batch, 2), 8, 16, 32) : full;
            Tensor a = random.tensor(product.extents(product.m, product.k)); // [M, K] or [B, M, K]
            Tensor b = random.tensor(product.extents(product.n, product.k)); // [N, K] or [B, N, K]
            Tensor right = b.transpose(-2, -1); // [K, N] or [B, K, N]
            Shape shape = Shape.of(product.extents(product.m, product.n));
            Tensor out = Tensor.zeros(run.device(), DType.BF16, shape); // [M, N] or [B, M, N]
            Runnable call = product.batch == 1
                    ? () -> run.backend().matrices().matmul(a, right, out, false)
                    : () -> run.backend().matrices().batchedMatmul(a, right, out, false);
            run.measure(label, product.operations(), 3, call, (row, score) -> {
                row.putArray("shape").add(product.m).add(product.n).add(product.k);
                row.put("batch", product.batch);
                row.put("dtype", "bf16");
            });
            a.close();
            b.close();
            out.close();
        });
    }
}
