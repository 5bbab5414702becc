// SPDX-License-Identifier: Apache-2.0
/**
 * What a device can run.
 *
 * <ul>
 *   <li>{@code KernelTexts} are the PTX texts that {@code scripts/make-ptx.sh} made of {@code tensor/src/main/cuda}; {@code
 *       KernelModules} has the driver compile one when it is first used: a {@code CudaModule}, whose {@code PtxEntries} say what
 *       parameters its kernels have. A {@code KernelSite} launches a kernel.
 *   <li>{@code Cublas} is NVIDIA's library of matrix products.
 * </ul>
 */
package dev.jacobian.tensor.cuda.kernels;
