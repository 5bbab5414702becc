// SPDX-License-Identifier: Apache-2.0
//
// Drawing tokens as sampling.cu does, with top-k, top-p and min-p before. In a source of its own because it takes longer to
// compile than all the rest of sampling, and many programs never ask for it.
#include "filters.cuh"

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

// logits [R, vocabulary]; coordinates [R, 4] of each row's random number; tokens [R]. Top-k unless k is 0, top-p unless p is 1,
// min-p unless minShare is 0, in this order. filtered [R, vocabulary] receives logits / temperature with removed tokens at
// -infinity (anything where a row's largest number is not finite). Grid: R.
#define SAMPLE_FILTERED(type, T)                                                                                       \
    KERNEL(sample_filtered_##type, ROW_THREADS,                                                                        \
           (const T* logits, int vocabulary, float temperature, int k, float p, float minShare, long long seed,        \
            const int* coordinates, float* filtered, int* tokens)) {                                                   \
        sampleFiltered(logits, vocabulary, temperature, k, p, minShare, seed, coordinates, filtered, tokens);          \
    }
SAMPLE_FILTERED(f32, float)
SAMPLE_FILTERED(bf16, BFloat16)
