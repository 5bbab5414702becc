// SPDX-License-Identifier: Apache-2.0
/**
 * Checkpoints whose weights were quantized by others, read as the numbers that they stand for.
 *
 * <p>Decision: they are decoded once, to F32, when the model is loaded; what is computed with them afterwards is held in a
 * {@link dev.jacobian.tensor.WeightFormat} of the user's choice. So a quantized checkpoint needs no kernels of its own, and a
 * model that was loaded from one is saved as an ordinary one.
 */
package dev.jacobian.io.quantized;
