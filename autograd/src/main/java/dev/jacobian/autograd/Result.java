// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;

/**
 * What a recorded operation computed. Its gradient is the sum of what the operations that read it pass back, and is dropped
 * as soon as it has been passed on to the inputs.
 *
 * <p>Decision: the first tensor that arrives is kept as it is, even one that others go on reading; only the second makes an
 * array for the sum necessary. In a decoder most results are read once.
 */
final class Result extends Var {
    final Operation producer;

    private @Nullable Tensor grad; // null until something arrives
    private boolean isShared; // then the gradient must not be written to

    Result(Tensor value, Operation producer) {
        super(producer.name(), value);
        this.producer = producer;
    }

    @Override
    public boolean requiresGrad() {
        return true;
    }

    @Override
    void give(Tensor gradient) {
        if (grad == null) {
            grad = gradient;
        } else {
            add(grad, gradient);
            Workspace.release(gradient);
        }
    }

    @Override
    void share(Tensor gradient) {
        if (grad == null) {
            Workspace.retain(gradient);
            grad = gradient;
            isShared = true;
        } else {
            add(grad, gradient);
        }
    }

    private void add(Tensor soFar, Tensor gradient) {
        Tensor sum = isShared ? like() : soFar;
        backend().elementwise().add(soFar, gradient, sum);
        replace(soFar, sum);
    }

    @Override
    Tensor gradToAddInto() {
        if (grad == null) {
            grad = like();
            grad.fill(0f);
        } else if (isShared) {
            Tensor own = like();
            own.copyFrom(grad);
            replace(grad, own);
        }
        return grad;
    }

    private void replace(Tensor soFar, Tensor own) {
        if (isShared) {
            Workspace.release(soFar);
            isShared = false;
        }
        grad = own;
    }

    /** The gradient, which is forgotten here; null if nothing arrived. */
    @Nullable
    Tensor takeGrad() {
        Tensor taken = grad;
        grad = null;
        isShared = false;
        return taken;
    }
}
