// SPDX-License-Identifier: Apache-2.0
//
// One token per row of logits: the likeliest, or one drawn at a temperature by inverting the cumulative distribution in order of
// token id with one number of the counter-based generator. Always the token that the CPU takes, given the same logits.
#include "draw.cuh"

__device__ __forceinline__ bool isBetter(float x, int i, float y, int j) { return x > y || (x == y && i < j); }

/** The index of the largest element, the first of equals. NaN is never chosen, but for a row that begins with it. */
template <class T>
__device__ __forceinline__ void argmax(const T* logits, int vocabulary, int* tokens) {
    SHARED(float, values, ROW_THREADS / 32);
    SHARED(int, indices, ROW_THREADS / 32);
    const T* row = logits + static_cast<long long>(blockIdx.x) * vocabulary;
    float best = load(row);
    int at = 0;
    bool beginsWithNaN = best != best;
    for (int i = threadIdx.x; i < vocabulary; i += ROW_THREADS) {
        float x = load(row + i);
        if (isBetter(x, i, best, at)) {
            best = x;
            at = i;
        }
    }
#pragma unroll
    for (int width = 16; width > 0; width /= 2) {
        float x = __shfl_xor_sync(ALL_LANES, best, width);
        int i = __shfl_xor_sync(ALL_LANES, at, width);
        if (isBetter(x, i, best, at)) {
            best = x;
            at = i;
        }
    }
    if ((threadIdx.x & 31) == 0) {
        values[threadIdx.x >> 5] = best;
        indices[threadIdx.x >> 5] = at;
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        for (int warp = 1; warp < ROW_THREADS / 32; warp++) {
            if (isBetter(values[warp], indices[warp], best, at)) {
                best = values[warp];
                at = indices[warp];
            }
        }
        tokens[blockIdx.x] = beginsWithNaN ? 0 : at;
    }
}

template <class T>
__device__ __forceinline__ void sample(
        const T* logits, int vocabulary, float inverseTemperature, long long seed, const int* coordinates, int* tokens) {
    const T* row = logits + static_cast<long long>(blockIdx.x) * vocabulary;
    int token = drawToken(row, vocabulary, inverseTemperature, uniformOf(seed, coordinates));
    if (threadIdx.x == 0) {
        tokens[blockIdx.x] = token;
    }
}

// logits [R, vocabulary]; tokens [R]. Grid: R.
#define ARGMAX(type, T)                                                                                                \
    KERNEL(argmax_##type, ROW_THREADS, (const T* logits, int vocabulary, int* tokens)) {                               \
        argmax(logits, vocabulary, tokens);                                                                            \
    }
ARGMAX(f32, float)
ARGMAX(bf16, BFloat16)

// logits [R, vocabulary]; coordinates [R, 4] of each row's random number; tokens [R]. Grid: R.
#define SAMPLE(type, T)                                                                                                \
    KERNEL(sample_##type, ROW_THREADS,                                                                                 \
           (const T* logits, int vocabulary, float inverseTemperature, long long seed, const int* coordinates,         \
            int* tokens)) {                                                                                            \
        sample(logits, vocabulary, inverseTemperature, seed, coordinates, tokens);                                     \
    }
SAMPLE(f32, float)
SAMPLE(bf16, BFloat16)
