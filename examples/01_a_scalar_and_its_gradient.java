// SPDX-License-Identifier: Apache-2.0

import module dev.jacobian.autograd;

/**
 * 01: a number and its gradient.
 *
 * <p>An operation computes at once and remembers what its gradient needs. {@code backward()} walks back through the operations
 * and leaves, in every parameter, how fast the result grows with it.
 */
class AScalarAndItsGradient {
    void main() {
        Parameter x = Var.parameter("x", Tensor.of(new float[] {5}, 1)); // [1]

        Var y = f(x); // [1]
        y.backward();

        IO.println("f(5)  = " + y.value().item());
        IO.println("f'(5) = " + x.grad().orElseThrow().item());
        IO.println("and by a difference of two values: " + (at(5.5f) - at(4.5f)));

        // Gradients add up until they are cleared: that is how a large batch is learned from in small parts.
        f(x).backward();
        IO.println("after a second backward: " + x.grad().orElseThrow().item());
        x.clearGrad();
        f(x).backward();
        IO.println("after clearing and a third: " + x.grad().orElseThrow().item());
    }

    /** x² + 3x, whose derivative is 2x + 3. */
    Var f(Var x) {
        return Elementwise.add(Elementwise.multiply(x, x), Elementwise.scale(x, 3));
    }

    /** The value alone: of a constant nothing is remembered. */
    float at(float x) {
        return f(Var.constant(Tensor.of(new float[] {x}, 1))).value().item();
    }
}

/* Prints:
f(5)  = 40.0
f'(5) = 13.0
and by a difference of two values: 13.0
after a second backward: 26.0
after clearing and a third: 13.0
*/
