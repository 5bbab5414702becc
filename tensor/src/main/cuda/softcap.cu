// SPDX-License-Identifier: Apache-2.0
//
// Soft caps of logits, cap · tanh(x / cap), and their gradient. Those of attention's scores are part of its kernels.
#include "softcap.cuh"
#include "vectors.cuh"

// All [n]; an output may be an input. Any grid.
#define SOFT_CAP(type, T)                                                                                              \
    KERNEL(soft_cap_##type, 256, (const T* x, float cap, long long n, T* out)) {                                       \
        map<2>(x, n, out, [=](float z) { return cap * hyperbolicTangent(z / cap); });                                  \
    }                                                                                                                  \
    KERNEL(soft_cap_backward_##type, 256, (const T* dOut, const T* capped, float cap, long long n, T* dX)) {           \
        map<2>(dOut, capped, n, dX, [=](float d, float c) {                                                            \
            float tanh = c / cap;                                                                                      \
            return d * fmaf(-tanh, tanh, 1.0f);                                                                        \
        });                                                                                                            \
    }
SOFT_CAP(f32, float)
SOFT_CAP(bf16, BFloat16)
