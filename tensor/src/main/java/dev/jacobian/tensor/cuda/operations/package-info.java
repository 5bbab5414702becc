// SPDX-License-Identifier: Apache-2.0
/**
 * The families of kernels, a class each, which choose and launch them.
 *
 * <ul>
 *   <li>{@code CudaMatrices} with {@code CudaMatMul} and the weights that {@code CudaPacked} keeps; {@code CudaElementwise},
 *       {@code CudaActivations}, {@code CudaNorms}, {@code CudaPositions}, {@code CudaRows}, {@code CudaSoftmax}, {@code
 *       CudaSampling}, {@code CudaMemory}; {@code CudaFusedRows} does several of them in one launch.
 *   <li>{@code CudaAttention} and {@code CudaFlashAttention}, over an {@code AttentionBatch} or the {@code CachedPages} of a
 *       {@code CudaKvCache}, which has a {@code KvPool} of keys and values for each layer and {@code PagedSequences}.
 *   <li>{@code CudaOptimizer}: {@code AdamWLaunch} is a step's launch, {@code OffloadedMoments} a step whose moments come from
 *       the host's memory and go back to it.
 *   <li>{@code RowSums} and {@code CudaSquares} are sums that several use.
 * </ul>
 */
package dev.jacobian.tensor.cuda.operations;
