// SPDX-License-Identifier: Apache-2.0
//
// One token per row of logits: the likeliest, or one drawn at a temperature by inverting the cumulative distribution in order of
// token id with one number of the counter-based generator; with or without top-k, top-p and min-p before. Always the token that
// the CPU takes, given the same logits.
#include "filters.cuh"

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

__device__ __forceinline__ double uniformOf(long long seed, const int* coordinates) {
    const int* c = coordinates + 4LL * blockIdx.x;
    return philoxUniform(seed, c[0], c[1], c[2], c[3]);
}

/** z = row · factor. */
template <class T>
__device__ __forceinline__ int drawToken(const T* row, int vocabulary, float factor, double uniform) {
    RowSums sums = rowSums(row, vocabulary, factor);
    float inverse = 1.0f / sums.sum;
    return drawIndex(vocabulary, uniform, [=](int i) { return naturalExp(load(row + i) * factor - sums.maximum) * inverse; });
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

template <class T>
__device__ __forceinline__ void sampleFiltered(
        const T* logits,
        int vocabulary,
        float temperature,
        int k,
        float p,
        float minShare,
        long long seed,
        const int* coordinates,
        float* filtered,
        int* tokens) {
    const T* logitsRow = logits + static_cast<long long>(blockIdx.x) * vocabulary;
    float* row = filtered + static_cast<long long>(blockIdx.x) * vocabulary;
    float largest = MINUS_INFINITY;
    for (int i = threadIdx.x; i < vocabulary; i += ROW_THREADS) {
        float z = load(logitsRow + i) / temperature;
        row[i] = z;
        largest = maximum(largest, z);
    }
    largest = blockMaximum(largest);
    if (!(fabsf(largest) < __builtin_huge_valf())) { // the CPU's softmax is NaN throughout, and it then takes the first token
        if (threadIdx.x == 0) {
            tokens[blockIdx.x] = 0;
        }
        return; // the whole block
    }
    float limit = MINUS_INFINITY;
    if (k > 0 && k < vocabulary) {
        limit = topK(row, vocabulary, k);
    }
    if (p < 1) {
        topP(row, vocabulary, largest, p, [=]() {
            for (int i = threadIdx.x; i < vocabulary; i += ROW_THREADS) {
                float z = load(logitsRow + i) / temperature;
                row[i] = z < limit ? MINUS_INFINITY : z;
            }
        });
    }
    if (minShare > 0) {
        minP(row, vocabulary, largest, minShare);
    }
    int token = drawToken(row, vocabulary, 1.0f, uniformOf(seed, coordinates));
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

// As above; top-k unless k is 0, top-p unless p is 1, min-p unless minShare is 0, in this order. filtered [R, vocabulary]
// receives logits / temperature with removed tokens at -infinity (anything where a row's largest number is not finite). Grid: R.
#define SAMPLE_FILTERED(type, T)                                                                                       \
    KERNEL(sample_filtered_##type, ROW_THREADS,                                                                        \
           (const T* logits, int vocabulary, float temperature, int k, float p, float minShare, long long seed,        \
            const int* coordinates, float* filtered, int* tokens)) {                                                   \
        sampleFiltered(logits, vocabulary, temperature, k, p, minShare, seed, coordinates, filtered, tokens);          \
    }
SAMPLE_FILTERED(f32, float)
SAMPLE_FILTERED(bf16, BFloat16)
