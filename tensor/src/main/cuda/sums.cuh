// SPDX-License-Identifier: Apache-2.0
//
// Sums and maxima over threads, in the project's fixed order: element i belongs to partial sum i mod 16, and the 16 are folded
// 8 + 8, 4 + 4, 2 + 2, 1 + 1. Sixteen threads, half a warp, hold one partial sum each; the result has the bits of the Java
// kernels, and depends neither on the number of rows nor on the launch.
#pragma once
#include "numbers.cuh"

constexpr int SUM_LANES = 16;

/** Folds the partial sums of 16 neighbouring lanes; each of them receives the sum. All 32 lanes must call. */
__device__ __forceinline__ float foldSixteen(float sum) {
#pragma unroll
    for (int width = SUM_LANES / 2; width > 0; width /= 2) {
        sum += __shfl_xor_sync(ALL_LANES, sum, width, SUM_LANES);
    }
    return sum;
}

/** The largest number of a block of up to 1024 threads (NaN if any is); every thread must call and receives it. */
__device__ __forceinline__ float blockMaximum(float x) {
    SHARED(float, ofWarp, 32);
#pragma unroll
    for (int width = 16; width > 0; width /= 2) {
        x = maximum(x, __shfl_xor_sync(ALL_LANES, x, width));
    }
    if ((threadIdx.x & 31) == 0) {
        ofWarp[threadIdx.x >> 5] = x;
    }
    __syncthreads();
    x = ofWarp[0];
    for (int warp = 1; warp < static_cast<int>(blockDim.x + 31) / 32; warp++) {
        x = maximum(x, ofWarp[warp]);
    }
    __syncthreads(); // before a second call writes
    return x;
}
