// SPDX-License-Identifier: Apache-2.0
/**
 * Work that repeats, captured as a graph and replayed: passes of training and steps of decoding alike.
 *
 * <p>{@code CudaReplays} knows the shapes that came before and keeps the graphs of some, a {@code ReplayStep} each: its {@code
 * CapturedWork}, and {@code ReplayInputs} in memory that the work reads. What differs between uses is a {@code ReplayPolicy};
 * decoding's shapes are {@code RoundedShape}s.
 */
package dev.jacobian.tensor.cuda.graphs;
