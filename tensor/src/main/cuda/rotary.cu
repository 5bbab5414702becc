// SPDX-License-Identifier: Apache-2.0
//
// Rotary position embedding, half-split layout. One block per row; each thread turns whole pairs, so out may be x.
#include "numbers.cuh"

template <class T>
__device__ __forceinline__ void rotary(
        const T* x, int width, int headDim, const float* cosines, const float* sines, const int* positions, int inverse, T* out) {
    int half = headDim / 2;
    long long table = static_cast<long long>(positions[blockIdx.x]) * half;
    for (int pair = threadIdx.x; pair < width / 2; pair += blockDim.x) {
        int i = pair % half;
        long long at = static_cast<long long>(blockIdx.x) * width + pair / half * headDim + i;
        float c = cosines[table + i];
        float s = inverse ? -sines[table + i] : sines[table + i];
        float first = load(x + at);
        float second = load(x + at + half);
        store(out + at, fmaf(first, c, -(second * s)));
        store(out + at + half, fmaf(second, c, first * s));
    }
}

// x, out [rows, width], width = heads · headDim; cosines, sines [P, headDim / 2]; positions [rows]. Grid: rows.
#define ROTARY(type, T)                                                                                                \
    KERNEL(rotary_##type, 256,                                                                                         \
           (const T* x, int width, int headDim, const float* cosines, const float* sines, const int* positions,        \
            int inverse, T* out)) {                                                                                    \
        rotary(x, width, headDim, cosines, sines, positions, inverse, out);                                            \
    }
ROTARY(f32, float)
ROTARY(bf16, BFloat16)
