// SPDX-License-Identifier: Apache-2.0
/** Reverse-mode automatic differentiation and optimizers. Depends on tensors only. */
module dev.jacobian.autograd {
    requires transitive dev.jacobian.tensor;

    exports dev.jacobian.autograd;
    exports dev.jacobian.autograd.optim;
}
