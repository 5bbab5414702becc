// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import static dev.jacobian.tensor.Numbers.normal;
import static dev.jacobian.tensor.Numbers.wild;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** LayerNorm and its gradients on the tested backend, against the reference, bit for bit. */
class LayerNormConformanceTest {
    private static final int[] WIDTHS = {
        1, 2, 3, 4, 5, 7, 8, 12, 15, 16, 17, 24, 31, 32, 33, 48, 63, 64, 65, 80, 130, 257
    };

    private final Conformance conformance = new Conformance();
    private final int threads = ComputePool.threads();

    @AfterEach
    void restoreThreads() {
        ComputePool.setThreads(threads);
    }

    @Test
    void everyWidth() {
        Rng rng = new Rng(52, 0);
        for (int d : WIDTHS) {
            for (int n : new int[] {0, 1, 6}) {
                check(normal(rng, n, d), normal(rng, n, d), rng);
                check(wild(rng, n, d), wild(rng, n, d), rng);
            }
        }
    }

    @Test
    void threadsDoNotChangeBits() {
        Rng rng = new Rng(53, 0);
        Tensor x = normal(rng, 700, 200);
        for (int count : new int[] {1, 2, 5}) {
            ComputePool.setThreads(count);
            check(x, normal(rng, 700, 200), rng);
        }
    }

    private void check(Tensor x, Tensor dOut, Rng rng) {
        int n = x.extent(0);
        int d = x.extent(1);
        Tensor weight = normal(rng, d);
        Tensor bias = normal(rng, d);
        String what = "layerNorm " + n + "x" + d;
        for (Tensor shift : new Tensor[] {bias, null}) {
            conformance.compare(
                    what + (shift == null ? " without bias" : ""),
                    (b, o) -> b.norms().layerNorm(x, weight, shift, 1e-5f, o[0], o[1], o[2]),
                    normal(rng, n, d),
                    normal(rng, n),
                    normal(rng, n));
        }
        Tensor means = Tensor.zeros(n);
        Tensor inverse = Tensor.zeros(n);
        conformance.reference.norms().layerNorm(x, weight, bias, 1e-5f, Tensor.zeros(n, d), means, inverse);
        conformance.compare(
                what + " backward",
                (b, o) -> b.norms().layerNormBackward(dOut, x, weight, means, inverse, o[0], o[1]),
                normal(rng, n, d),
                normal(rng, d));
        conformance.compare(
                what + " backward, weight frozen",
                (b, o) -> b.norms().layerNormBackward(dOut, x, weight, means, inverse, o[0], null),
                normal(rng, n, d));
    }
}
