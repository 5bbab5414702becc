// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import static dev.jacobian.tensor.Numbers.normal;
import static dev.jacobian.tensor.Numbers.wild;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Sigmoid, SiLU and their gradients on the tested backend, against the reference, bit for bit. */
class SigmoidConformanceTest {
    private final Conformance conformance = new Conformance();

    @Test
    @DisplayName("every length, wild numbers among them")
    void everyLength() {
        Rng rng = new Rng(65, 0);
        for (int n : new int[] {0, 1, 15, 16, 17, 255, 257, 70000}) {
            Tensor x = wild(rng, n);
            Tensor y = wild(rng, n);
            conformance.compare("sigmoid", (b, o) -> b.activations().sigmoid(x, o[0]), normal(rng, n));
            conformance.compare("silu", (b, o) -> b.activations().silu(x, o[0]), normal(rng, n));
            conformance.compare(
                    "sigmoid backward", (b, o) -> b.activations().sigmoidBackward(x, y, o[0]), normal(rng, n));
            conformance.compare("silu backward", (b, o) -> b.activations().siluBackward(x, y, o[0]), normal(rng, n));
        }
    }
}
