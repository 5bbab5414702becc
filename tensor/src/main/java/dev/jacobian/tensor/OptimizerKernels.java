// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.util.List;

/** The steps of optimizers: one pass over a parameter, its gradient and its moments. */
public interface OptimizerKernels {
    /**
     * One AdamW step (Loshchilov and Hutter, 2019; the order of operations of {@code torch.optim.AdamW}). With g =
     * gradient · gradientScale: p −= lr·wd·p; m += (g − m)(1 − β1); v = β2 v + (1 − β2) g²; p −= (lr / c1) · m / (√v / √c2
     * + ε), c = 1 − βᵗ.
     */
    void adamW(Tensor parameter, Tensor gradient, Tensor m, Tensor v, AdamWStep step);

    /**
     * The same for several parameters; a device does them in one launch. On a device both moments of a parameter may be on the
     * CPU: they are moved there and back, with the same bits, and are back when this returns.
     */
    default void adamW(List<AdamWTensors> all, AdamWStep step) {
        for (AdamWTensors one : all) {
            adamW(one.parameter(), one.gradient(), one.m(), one.v(), step);
        }
    }
}
