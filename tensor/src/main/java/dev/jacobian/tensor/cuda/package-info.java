// SPDX-License-Identifier: Apache-2.0
/**
 * NVIDIA GPUs through JCuda.
 *
 * <p>{@link dev.jacobian.tensor.cuda.CudaBackend} gives the families of kernels, {@link dev.jacobian.tensor.cuda.GpuSurvey} the
 * report of what the machine has. The rooms behind them, each of which knows only those after it:
 *
 * <ul>
 *   <li>{@code operations} has the families of kernels, a class each, and the key/value cache.
 *   <li>{@code graphs} replays work that repeats: a step of decoding, a training step.
 *   <li>{@code engine} is one device at work, in order: launches, tensors' memory, copies, a captured graph.
 *   <li>{@code kernels} is what the device can run: the PTX texts of {@code tensor/src/main/cuda}, compiled when they are
 *       first used, and cuBLAS.
 *   <li>{@code transfer} copies between Java arrays and the device.
 *   <li>{@code libraries} finds and loads the driver, cuBLAS and JCuda's natives.
 *   <li>{@code driver} is the driver's device, context, stream, event and memory as Java objects, and its answers as exceptions
 *       that say what to do.
 * </ul>
 *
 * <p>JCuda is optional. Without it {@link dev.jacobian.tensor.cuda.libraries.CudaLibraries} says so, and nothing else here may
 * be touched. Nothing here is exported from the module: what is public is so for the other rooms.
 */
package dev.jacobian.tensor.cuda;
