// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import static dev.jacobian.tensor.Numbers.assertSameBits;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.BiConsumer;

/** Compares what a kernel of the {@linkplain TestedBackend tested backend} writes with what the reference does, bit for bit. */
final class Conformance {
    final Backend tested = TestedBackend.get();
    final Backend reference = Backends.reference();

    /** Runs the body with the reference and the backend under test on copies of {@code outputs} and compares these. */
    void compare(String what, BiConsumer<Backend, Tensor[]> body, Tensor... outputs) {
        Tensor[] expected = copies(outputs);
        body.accept(reference, expected);
        Tensor[] actual = copies(outputs);
        body.accept(tested, actual);
        for (int i = 0; i < outputs.length; i++) {
            String output = tested.name() + " " + what + ", output " + i;
            if (outputs[i].dtype() == DType.I32) {
                assertThat(actual[i].ints()).as(output).containsExactly(expected[i].ints());
            } else {
                assertSameBits(actual[i], expected[i], output);
            }
        }
    }

    private static Tensor[] copies(Tensor[] tensors) {
        Tensor[] copies = new Tensor[tensors.length];
        for (int i = 0; i < tensors.length; i++) {
            copies[i] = tensors[i].copy();
        }
        return copies;
    }
}
