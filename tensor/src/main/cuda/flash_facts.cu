// SPDX-License-Identifier: Apache-2.0
//
// What the backward kernels of flash attention must know of each query: see flash_backward.cuh.
#include "flash.cuh"

// dOut, out [count, headDim], count = N · heads, headDim at most 128 and a multiple of 8; stats [count, 2] as the forward
// pass left them; facts [count, 2]: logSum and delta of each (row, head), by half a warp. Grid: count / 16, rounded up.
KERNEL(flash_facts, 256,
       (const BFloat16* dOut, const BFloat16* out, const float* stats, long long count, int headDim, float* facts)) {
    long long at = (static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x) / SUM_LANES;
    int piece = static_cast<int>(threadIdx.x) % SUM_LANES * 8;
    float sum = 0;
    if (at < count && piece < headDim) {
        uint4 a = *reinterpret_cast<const uint4*>(dOut + at * headDim + piece);
        uint4 b = *reinterpret_cast<const uint4*>(out + at * headDim + piece);
        const unsigned ofDOut[4] = {a.x, a.y, a.z, a.w};
        const unsigned ofOut[4] = {b.x, b.y, b.z, b.w};
#pragma unroll
        for (int i = 0; i < 4; i++) {
            sum = fmaf(__uint_as_float(ofDOut[i] << 16), __uint_as_float(ofOut[i] << 16), sum);
            sum = fmaf(__uint_as_float(ofDOut[i] & 0xFFFF0000u), __uint_as_float(ofOut[i] & 0xFFFF0000u), sum);
        }
    }
    sum = foldSixteen(sum);
    if (at < count && threadIdx.x % SUM_LANES == 0) {
        facts[2 * at] = stats[2 * at] * LOG2_E + fastLogarithmOfTwo(stats[2 * at + 1]);
        facts[2 * at + 1] = sum;
    }
}
