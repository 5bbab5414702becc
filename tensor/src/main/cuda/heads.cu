// SPDX-License-Identifier: Apache-2.0
//
// Elements of the heads of a row, to where attention wants them.
#include "vectors.cuh"

template <class T>
__device__ __forceinline__ void copyHeads(
        long long n, int count, const T* from, int heads, int width, int first, T* to, int toHeads, int toWidth, int toFirst) {
    long long step = static_cast<long long>(gridDim.x) * blockDim.x;
    for (long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step) {
        int element = static_cast<int>(i % count);
        int head = static_cast<int>(i / count % toHeads);
        long long row = i / count / toHeads;
        float sum = load(from + (row * heads + head % heads) * width + first + element);
        for (int other = head + toHeads; other < heads; other += toHeads) {
            sum += load(from + (row * heads + other) * width + first + element);
        }
        store(to + (row * toHeads + head) * toWidth + toFirst + element, sum);
    }
}

// from [rows, heads · width], to [rows, toHeads · toWidth]; n = rows · toHeads · count. One head goes to all, all are added up
// into one. Any grid.
#define COPY_HEADS(type, T)                                                                                            \
    KERNEL(copy_heads_##type, 256,                                                                                     \
           (long long n, int count, const T* from, int heads, int width, int first, T* to, int toHeads, int toWidth,   \
            int toFirst)) {                                                                                            \
        copyHeads(n, count, from, heads, width, first, to, toHeads, toWidth, toFirst);                                 \
    }
COPY_HEADS(f32, float)
COPY_HEADS(bf16, BFloat16)
