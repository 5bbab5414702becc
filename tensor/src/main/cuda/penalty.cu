// SPDX-License-Identifier: Apache-2.0
//
// The repetition penalty: positive logits of tokens that already occur are divided by it, negative ones multiplied, once each.
//
// It reads the logits and writes a copy, so a token that occurs twice is written twice with the same number: no flags, no
// atomics. The log-probability of the choice needs the unpenalised logits anyway.
#include "numbers.cuh"

template <class T>
__device__ __forceinline__ void penalize(
        const T* logits,
        int vocabulary,
        float penalty,
        const int* prompts,
        const int* promptStarts,
        const int* generated,
        const int* counts,
        int maxGenerated,
        float* out) {
    long long offset = static_cast<long long>(blockIdx.x) * vocabulary;
    for (int i = threadIdx.x; i < vocabulary; i += blockDim.x) {
        out[offset + i] = load(logits + offset + i);
    }
    __syncthreads();
    auto penalizeAll = [=](const int* tokens, int count) {
        for (int i = threadIdx.x; i < count; i += blockDim.x) {
            float logit = load(logits + offset + tokens[i]);
            out[offset + tokens[i]] = logit < 0 ? logit * penalty : logit / penalty;
        }
    };
    int from = promptStarts[blockIdx.x];
    penalizeAll(prompts + from, promptStarts[blockIdx.x + 1] - from);
    penalizeAll(generated + static_cast<long long>(blockIdx.x) * maxGenerated, counts[blockIdx.x]);
}

// logits, out [R, vocabulary], not the same; prompts: all tokens of the prompts, row r's from promptStarts [R + 1] on; generated
// [R, maxGenerated], of which the first counts [R] count. Grid: R.
#define PENALIZE(type, T)                                                                                              \
    KERNEL(penalize_##type, 256,                                                                                       \
           (const T* logits, int vocabulary, float penalty, const int* prompts, const int* promptStarts,               \
            const int* generated, const int* counts, int maxGenerated, float* out)) {                                  \
        penalize(logits, vocabulary, penalty, prompts, promptStarts, generated, counts, maxGenerated, out);            \
    }
PENALIZE(f32, float)
PENALIZE(bf16, BFloat16)
