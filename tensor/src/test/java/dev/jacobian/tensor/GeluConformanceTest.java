// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import static dev.jacobian.tensor.Numbers.normal;
import static dev.jacobian.tensor.Numbers.wild;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Both forms of GELU, plain and as gates, on the tested backend, against the reference, bit for bit. */
class GeluConformanceTest {
    private final Conformance conformance = new Conformance();
    private final int threads = ComputePool.threads();

    @AfterEach
    void restoreThreads() {
        ComputePool.setThreads(threads);
    }

    @Test
    void everyLength() {
        Rng rng = new Rng(50, 0);
        for (GeluForm form : GeluForm.values()) {
            for (int n = 0; n <= 70; n++) {
                check(form, wild(rng, n), wild(rng, n), wild(rng, n), normal(rng, n));
            }
            for (int n : new int[] {255, 256, 257, 1000}) { // around the chunks that kernels handle at a time
                check(form, wild(rng, n), wild(rng, n), wild(rng, n), normal(rng, n));
            }
        }
    }

    @Test
    void overTheWholeRange() {
        int n = 1 << 16;
        float[] z = new float[n];
        for (int i = 0; i < n; i++) {
            z[i] = Float.intBitsToFloat(i << 16 | 0x5A5A); // all exponents, both signs
        }
        float[] near = new float[n];
        for (int i = 0; i < n; i++) {
            near[i] = (i - n / 2) * 0x1p-10f; // -32 to 32
        }
        Tensor one = Tensor.zeros(n);
        one.fill(1f);
        for (GeluForm form : GeluForm.values()) {
            for (float[] at : new float[][] {z, near}) {
                check(form, Tensor.of(at, n), one, one, Tensor.zeros(n));
            }
        }
    }

    @Test
    void threadsDoNotChangeBits() {
        Rng rng = new Rng(51, 0);
        int n = 200_001;
        Tensor x = normal(rng, n);
        Tensor up = normal(rng, n);
        for (int count : new int[] {1, 2, 5}) {
            ComputePool.setThreads(count);
            for (GeluForm form : GeluForm.values()) {
                check(form, x, up, up, x);
            }
        }
    }

    private void check(GeluForm form, Tensor x, Tensor up, Tensor dOut, Tensor out) {
        String what = form + " " + x.elements();
        conformance.compare("gelu " + what, (b, o) -> b.activations().gelu(x, form, o[0]), out);
        conformance.compare("gelu in place " + what, (b, o) -> b.activations().gelu(o[0], form, o[0]), x);
        conformance.compare("gelu backward " + what, (b, o) -> b.activations().geluBackward(dOut, x, form, o[0]), out);
        conformance.compare(
                "gelu backward in place " + what, (b, o) -> b.activations().geluBackward(dOut, o[0], form, o[0]), x);
        conformance.compare("geGlu " + what, (b, o) -> b.activations().geGlu(x, up, form, o[0]), out);
        conformance.compare(
                "geGlu backward " + what,
                (b, o) -> b.activations().geGluBackward(dOut, x, up, form, o[0], o[1]),
                out,
                out);
        conformance.compare(
                "geGlu backward in place " + what,
                (b, o) -> b.activations().geGluBackward(dOut, o[0], o[1], form, o[0], o[1]),
                x,
                up);
    }
}
