// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import java.util.OptionalDouble;

/** A distillation whose loss is the mean of a divergence at every token of the optimizer step. */
interface DivergenceMethod extends DistillationMethod {
    @Override
    default OptionalDouble constantDerivative(Window window) {
        return OptionalDouble.of(1.0 / (double) window.units());
    }
}
