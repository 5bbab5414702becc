// SPDX-License-Identifier: Apache-2.0
/**
 * NVIDIA GPUs through JCuda.
 *
 * <ul>
 *   <li>The backend: {@link dev.jacobian.tensor.cuda.CudaBackend} gives the families of kernels, a class each ({@code CudaNorms},
 *       {@code CudaAttention}, …), which choose and launch them; {@code RowSums} and {@code CudaSquares} are sums that several
 *       use. {@code CudaArray} is a tensor's memory, {@code CudaCopies} how it is copied, {@code CudaKvCache} keys and values in
 *       pages, {@code CudaPacked} a weight. All of them hand their work to a {@code CudaEngine}: one device at work, in order.
 *   <li>Kernels: {@code tensor/src/main/cuda}, each source a PTX text (made by {@code scripts/make-ptx.sh}); {@code
 *       KernelTexts} finds them, {@code KernelModules} has them compiled when they are first used.
 *   <li>Finding: {@link dev.jacobian.tensor.cuda.CudaLibraries} is the report, {@code LibrarySearch} the places, {@code
 *       LinkerCache} and {@code ElfHeader} what they read; {@code GpuSurvey} tries all of it.
 *   <li>Loading: {@code CudaLoader} in order, {@code JcudaNatives} the private copies of JCuda's libraries, {@code ElfImage}
 *       their mending for a newer cuBLAS, {@code NoExec} where they cannot go.
 *   <li>Driver: {@code CudaDevice}, {@code CudaContext} and its {@code Dispatcher}, {@code CudaStream}, {@code CudaEvent},
 *       {@code CudaModule} and {@code PtxEntries}, {@code KernelSite}; {@code CudaResult} turns every answer into an
 *       exception that says what to do.
 *   <li>Memory: {@code DeviceMemory} gives {@code DeviceBlock}s and keeps the {@code MemoryAccount}; {@code Staging} copies
 *       arrays through {@code PinnedBuffer}s, a {@code Readback} is such a copy under way, {@code HostCopies} its part on the
 *       host; {@code UploadedInts} keeps copies of small integer arrays.
 *   <li>The optimizer: {@code AdamWLaunch} is a step's launch, {@code OffloadedMoments} a step whose moments come from the
 *       host's memory and go back to it.
 *   <li>Graphs: {@code CudaGraph} is work captured once, {@code GraphMemory} what it uses, {@code Places} where its kernels find
 *       what changes; {@code CapturedWork} captures and launches it for a caller. {@code DecodeGraphs} keeps the {@code
 *       DecodeStep}s of a cache, which read their {@code DecodeInputs}; {@code CudaReplays} the {@code ReplayStep}s of a training
 *       run, which read their {@code ReplayInputs}.
 *   <li>Matrix products: {@code Cublas}.
 * </ul>
 *
 * <p>JCuda is optional. Without it {@code CudaLibraries} says so, and nothing else here may be touched.
 */
package dev.jacobian.tensor.cuda;
