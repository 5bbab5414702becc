// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import static dev.jacobian.tensor.Numbers.normal;
import static dev.jacobian.tensor.Numbers.wild;

import org.junit.jupiter.api.Test;

/** The square of ReLU on the tested backend, against the reference, bit for bit. */
class SquaredReluConformanceTest {
    private final Conformance conformance = new Conformance();

    @Test
    void everyLength() {
        Rng rng = new Rng(60, 0);
        for (int n = 0; n <= 70; n++) {
            check(wild(rng, n), wild(rng, n));
        }
        check(normal(rng, 100_001), normal(rng, 100_001)); // by several threads
    }

    private void check(Tensor x, Tensor dOut) {
        int n = x.elements();
        conformance.compare("squaredRelu " + n, (b, o) -> b.activations().squaredRelu(x, o[0]), dOut);
        conformance.compare("in place " + n, (b, o) -> b.activations().squaredRelu(o[0], o[0]), x);
        conformance.compare("backward " + n, (b, o) -> b.activations().squaredReluBackward(dOut, x, o[0]), dOut);
        conformance.compare(
                "backward in place " + n, (b, o) -> b.activations().squaredReluBackward(dOut, o[0], o[0]), x);
    }
}
