// SPDX-License-Identifier: Apache-2.0
/**
 * NVIDIA GPUs through JCuda: the ground that kernels stand on.
 *
 * <ul>
 *   <li>Finding: {@link dev.jacobian.tensor.cuda.CudaLibraries} is the report, {@code LibrarySearch} the places, {@code
 *       LinkerCache} and {@code ElfHeader} what they read.
 *   <li>Loading: {@code CudaLoader} in order, {@code JcudaNatives} the private copies of JCuda's libraries, {@code ElfImage}
 *       their mending for a newer cuBLAS, {@code NoExec} where they cannot go.
 *   <li>Driver: {@code CudaDevice}, {@code CudaContext} and its {@code Dispatcher}, {@code CudaStream}, {@code CudaEvent},
 *       {@code CudaModule} and {@code PtxEntries}, {@code KernelSite}; {@code CudaResult} turns every answer into an
 *       exception that says what to do.
 *   <li>Memory: {@code DeviceMemory} gives {@code DeviceBlock}s and keeps the {@code MemoryAccount}; {@code Staging} copies
 *       arrays through {@code PinnedBuffer}s, a {@code Readback} is such a copy under way.
 *   <li>Matrix products: {@code Cublas}.
 * </ul>
 *
 * <p>JCuda is optional. Without it {@code CudaLibraries} says so, and nothing else here may be touched.
 */
package dev.jacobian.tensor.cuda;
