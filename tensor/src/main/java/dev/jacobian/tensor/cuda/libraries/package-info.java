// SPDX-License-Identifier: Apache-2.0
/**
 * Finding and loading NVIDIA's libraries and JCuda's.
 *
 * <ul>
 *   <li>Finding: {@code CudaLibraries} is the report, {@code LibrarySearch} the places, {@code LinkerCache} and {@code ElfHeader}
 *       what they read, a {@code FoundLibrary} the result. Nothing is loaded for it.
 *   <li>Loading: {@code CudaLoader} in order, {@code JcudaNatives} the private copies of JCuda's libraries, {@code ElfImage}
 *       their mending for a newer cuBLAS, {@code NoExec} where they cannot go.
 * </ul>
 */
package dev.jacobian.tensor.cuda.libraries;
