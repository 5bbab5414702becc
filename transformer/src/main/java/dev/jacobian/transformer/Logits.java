// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.Linear;
import dev.jacobian.autograd.LinearWeight;
import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.Rows;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.Tensor;
import java.util.Optional;

/** The unfused head, for inference. */
final class Logits {
    private Logits() {}

    /** hidden [N, D], head [V, D], rows [R] to logits [R, V]. */
    static Tensor of(Var hidden, LinearWeight head, int[] rows) {
        return NoGrad.compute(() ->
                Linear.linear(Rows.gather(hidden, rows), head, Optional.empty()).value());
    }
}
