// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.Elementwise;
import dev.jacobian.autograd.Linear;
import dev.jacobian.autograd.Rows;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import java.util.Optional;

/**
 * What an adapter adds to rows of a table [V, D]: {@code s · A[token] · Bᵀ}.
 *
 * @param a [V, r]
 * @param b [D, r]
 */
record LowRankRows(Var a, Var b, float scale) {
    /** The whole table [V, D] with what is added to it. */
    Tensor sumWith(Tensor table) {
        Tensor sum = table.copy(); // [V, D]
        Tensor scaled = Tensor.zeros(a.value().device(), DType.F32, a.value().shape()); // [V, r]
        Backends.of(scaled.device()).elementwise().scale(a.value(), scale, scaled);
        Backends.of(scaled.device()).matrices().matmul(scaled, b.value().t(), sum, true);
        return sum;
    }

    /** Rows [N, D] of the table with what is added to them. */
    Var addedTo(Var rows, int[] tokens, DType type) {
        Var read = Elementwise.scale(Rows.gather(a, tokens, type), scale); // [N, r]
        return Elementwise.add(rows, Linear.linear(read, b, Optional.empty()));
    }
}
