// SPDX-License-Identifier: Apache-2.0
//
// The end of the language-model head: log-probabilities of targets, entropy, and their gradient, over a chunk of rows of logits.
// The logits of a whole batch never exist: the host multiplies a chunk of hidden states by the head, runs one of these, and in
// the backward pass turns the chunk into its gradient in place.
#include "rowsums.cuh"

template <class T>
__device__ __forceinline__ void logProbs(
        const T* logits, int vocabulary, float inverseTemperature, const int* targets, float* logProbs, float* entropy, float* stats) {
    const T* row = logits + static_cast<long long>(blockIdx.x) * vocabulary;
    RowSums sums = rowSums(row, vocabulary, inverseTemperature);
    if (threadIdx.x == 0) {
        float logSum = static_cast<float>(log(static_cast<double>(sums.sum)));
        stats[2 * blockIdx.x] = sums.maximum;
        stats[2 * blockIdx.x + 1] = sums.sum;
        logProbs[blockIdx.x] = load(row + targets[blockIdx.x]) * inverseTemperature - sums.maximum - logSum;
        if (entropy != nullptr) {
            entropy[blockIdx.x] = logSum - sums.weighted / sums.sum;
        }
    }
}

template <class T>
__device__ __forceinline__ void logProbsBackward(
        T* logits, int vocabulary, float inverseTemperature, const int* targets, const float* dLogProbs, const float* stats) {
    T* row = logits + static_cast<long long>(blockIdx.x) * vocabulary;
    float largest = stats[2 * blockIdx.x];
    float inverse = 1.0f / stats[2 * blockIdx.x + 1];
    float scaled = dLogProbs[blockIdx.x] * inverseTemperature;
    int target = targets[blockIdx.x];
    const T* read = row;
    mapElements<2>(wholeBlock(), {read}, vocabulary, {row}, [=](long long i, const float(&logit)[1], float(&out)[1]) {
        float p = naturalExp(logit[0] * inverseTemperature - largest) * inverse;
        float gradient = -(p * scaled);
        out[0] = i == target ? gradient + scaled : gradient;
    });
}

// logits [R, vocabulary]; targets, logProbs, entropy (or null) [R]; stats [R, 2]: m and l. Grid: R.
#define LOG_PROBS(type, T)                                                                                             \
    KERNEL(log_probs_##type, ROW_THREADS,                                                                              \
           (const T* logits, int vocabulary, float inverseTemperature, const int* targets, float* logProbabilities,    \
            float* entropy, float* stats)) {                                                                           \
        logProbs(logits, vocabulary, inverseTemperature, targets, logProbabilities, entropy, stats);                   \
    }
LOG_PROBS(f32, float)
LOG_PROBS(bf16, BFloat16)

// logits [R, vocabulary], overwritten by their gradient; targets, dLogProbs [R]; stats [R, 2]. Grid: R.
#define LOG_PROBS_BACKWARD(type, T)                                                                                    \
    KERNEL(log_probs_backward_##type, ROW_THREADS,                                                                     \
           (T* logits, int vocabulary, float inverseTemperature, const int* targets, const float* dLogProbs,           \
            const float* stats)) {                                                                                     \
        logProbsBackward(logits, vocabulary, inverseTemperature, targets, dLogProbs, stats);                           \
    }
LOG_PROBS_BACKWARD(f32, float)
LOG_PROBS_BACKWARD(bf16, BFloat16)
