// SPDX-License-Identifier: Apache-2.0
//
// What stands between the kernels and their two compilers: nvcc for the device, g++ for the emulated one.
//
// Decisions
// - Kernel parameters are scalars and pointers, so that a host can pass them without knowing a struct's layout.
// - Offsets are long long wherever a tensor may pass 2^31 elements.
// - nvcc runs with -fmad=false: a multiplication and an addition are fused where the source says fmaf and nowhere else, so the
//   device, the emulated device and the reference kernels in Java round alike. Divisions and square roots are exact by default.
// - No atomics: the order of every sum is written down.
#pragma once

#ifdef __CUDACC__

/** A kernel with C linkage; maxThreads is the largest block it may be launched with. */
#define KERNEL(name, maxThreads, parameters) extern "C" __global__ void __launch_bounds__(maxThreads, 1) name parameters

/** A kernel that takes no more registers than let this many blocks run on a multiprocessor together. */
#define RESIDENT_KERNEL(name, maxThreads, blocks, parameters) \
    extern "C" __global__ void __launch_bounds__(maxThreads, blocks) name parameters

#define SHARED(type, name, count) __shared__ __align__(16) type name[count]

#define DYNAMIC_SHARED(type, name)                                    \
    extern __shared__ __align__(16) unsigned char dynamicShared[];    \
    type* name = reinterpret_cast<type*>(dynamicShared)

#else
#include "emulation.h"
#define RESIDENT_KERNEL(name, maxThreads, blocks, parameters) KERNEL(name, maxThreads, parameters)
#endif

constexpr unsigned ALL_LANES = 0xFFFFFFFFu;

/** Calls body(i) for every i in [0, n), whatever the number of blocks. */
template <class Body>
__device__ __forceinline__ void forEach(long long n, Body body) {
    long long step = static_cast<long long>(gridDim.x) * blockDim.x;
    for (long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step) {
        body(i);
    }
}
