// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/** A parameter, its gradient (contiguous) and its moments, of one shape. */
public record AdamWTensors(Tensor parameter, Tensor gradient, Tensor m, Tensor v) {}
