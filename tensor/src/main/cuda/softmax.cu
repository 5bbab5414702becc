// SPDX-License-Identifier: Apache-2.0
//
// The distribution that sampling draws from.
#include "rowsums.cuh"

template <class T>
__device__ __forceinline__ void softmax(const T* logits, int vocabulary, float inverseTemperature, float* out) {
    const T* row = logits + static_cast<long long>(blockIdx.x) * vocabulary;
    RowSums sums = rowSums(row, vocabulary, inverseTemperature);
    float inverse = 1.0f / sums.sum;
    float* probabilities = out + static_cast<long long>(blockIdx.x) * vocabulary;
    mapElements<2>(wholeBlock(), {row}, vocabulary, {probabilities}, [=](long long, const float(&logit)[1], float(&p)[1]) {
        p[0] = naturalExp(logit[0] * inverseTemperature - sums.maximum) * inverse;
    });
}

// logits, out [R, vocabulary]; out may be F32 logits. Grid: R.
#define SOFTMAX(type, T)                                                                                               \
    KERNEL(softmax_##type, ROW_THREADS, (const T* logits, int vocabulary, float inverseTemperature, float* out)) {     \
        softmax(logits, vocabulary, inverseTemperature, out);                                                          \
    }
SOFTMAX(f32, float)
SOFTMAX(bf16, BFloat16)
