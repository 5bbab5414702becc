// SPDX-License-Identifier: Apache-2.0
/** Benchmarks on a GPU, and their peers in PyTorch. Start with {@link dev.jacobian.jmh.gpu.GpuBench}. */
package dev.jacobian.jmh.gpu;
