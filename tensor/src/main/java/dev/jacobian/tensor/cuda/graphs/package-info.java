// SPDX-License-Identifier: Apache-2.0
/**
 * Work that repeats, captured as a graph and replayed.
 *
 * <p>{@code CapturedWork} captures and launches for a caller, where the {@code GraphMode} wants it. {@code DecodeGraphs} keeps
 * the {@code DecodeStep}s of a cache, which read their {@code DecodeInputs}; {@code CudaReplays} the {@code ReplayStep}s of a
 * training run, which read their {@code ReplayInputs}.
 */
package dev.jacobian.tensor.cuda.graphs;
