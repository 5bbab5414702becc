// SPDX-License-Identifier: Apache-2.0
//
// One token per row of logits: the likeliest, or one drawn at a temperature by inverting the cumulative distribution in order of
// token id with one number of the counter-based generator. The probabilities have the bits of softmax. They are added in double,
// 256 stretches of the vocabulary at a time: another association than one chain, so a draw differs from the CPU's only where the
// number lies within about 1e-14 of a boundary.
#include "philox.cuh"
#include "rowsums.cuh"

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
    SHARED(double, before, ROW_THREADS + 1);
    SHARED(int, lastPositive, ROW_THREADS);
    const T* row = logits + static_cast<long long>(blockIdx.x) * vocabulary;
    RowSums sums = rowSums(row, vocabulary, inverseTemperature);
    float inverse = 1.0f / sums.sum;
    auto probability = [=](int i) { return naturalExp(load(row + i) * inverseTemperature - sums.maximum) * inverse; };
    const int* c = coordinates + 4LL * blockIdx.x;
    double uniform = philoxUniform(seed, c[0], c[1], c[2], c[3]);

    int stretch = (vocabulary + ROW_THREADS - 1) / ROW_THREADS;
    int from = static_cast<int>(threadIdx.x) * stretch;
    int to = min(from + stretch, vocabulary);
    double sum = 0;
    int last = -1;
    for (int i = from; i < to; i++) {
        float p = probability(i);
        if (p > 0) {
            sum += p;
            last = i;
        }
    }
    before[threadIdx.x + 1] = sum;
    lastPositive[threadIdx.x] = last;
    __syncthreads();
    if (threadIdx.x == 0) {
        before[0] = 0;
        int fallback = 0; // where rounding leaves the whole sum just below the number
        for (int t = 0; t < ROW_THREADS; t++) {
            before[t + 1] += before[t];
            fallback = lastPositive[t] >= 0 ? lastPositive[t] : fallback;
        }
        tokens[blockIdx.x] = fallback;
    }
    __syncthreads();
    // Exactly one stretch holds the number, unless none does. Within it the same additions may end a rounding lower or higher.
    if (last >= 0 && before[threadIdx.x] <= uniform && uniform < before[threadIdx.x + 1]) {
        double cumulative = before[threadIdx.x];
        int chosen = last;
        for (int i = from; i < to; i++) {
            float p = probability(i);
            cumulative += p > 0 ? p : 0;
            if (p > 0 && uniform < cumulative) {
                chosen = i;
                break;
            }
        }
        tokens[blockIdx.x] = chosen;
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
