// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;

/** A variable that no parameter reaches, or that was computed without remembering how: no gradient ever arrives here. */
final class Constant extends Var {
    private @Nullable Tensor onePlus; // null until a norm wants it

    Constant(String name, Tensor value) {
        super(name, value);
    }

    @Override
    public boolean requiresGrad() {
        return false;
    }

    /** Kept: weights of a model that is not trained are constants. */
    @Override
    Tensor onePlus() {
        Tensor kept = onePlus;
        if (kept == null) {
            kept = onePlus(value());
            onePlus = kept;
        }
        return kept;
    }

    @Override
    void give(Tensor gradient) {
        Workspace.release(gradient);
    }

    @Override
    void share(Tensor gradient) {}

    @Override
    Tensor gradToAddInto() {
        throw new IllegalStateException("a constant has no gradient to add into");
    }
}
