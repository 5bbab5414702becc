// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.FusedRows;
import dev.jacobian.autograd.Linear;
import dev.jacobian.autograd.LinearWeight;
import dev.jacobian.autograd.Var;
import java.util.Optional;

/** A linear layer: weight [out, in], and bias [out] where the plan has one. */
record Projection(LinearWeight weight, Optional<Var> bias) {
    /** x [N, in] to [N, out]. */
    Var apply(Var x) {
        return Linear.linear(x, weight, bias);
    }

    /** The same for {@link FusedRows}. */
    FusedRows.Layer layer() {
        return new FusedRows.Layer(weight, bias);
    }
}
