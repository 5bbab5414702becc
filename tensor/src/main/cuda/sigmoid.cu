// SPDX-License-Identifier: Apache-2.0
//
// Sigmoid, σ(x); SiLU, x · σ(x); and their gradients.
#include "exp.cuh"
#include "vectors.cuh"

// All [n]; an output may be an input. Any grid.
#define SIGMOID(type, T)                                                                                               \
    KERNEL(sigmoid_##type, 256, (const T* x, long long n, T* out)) {                                                   \
        map<2>(x, n, out, [](float z) { return 1.0f / (1.0f + naturalExp(-z)); });                                     \
    }                                                                                                                  \
    KERNEL(sigmoid_backward_##type, 256, (const T* dOut, const T* out, long long n, T* dX)) {                          \
        map<2>(dOut, out, n, dX, [](float d, float y) { return d * (y * (1.0f - y)); });                               \
    }                                                                                                                  \
    KERNEL(silu_##type, 256, (const T* x, long long n, T* out)) {                                                      \
        map<2>(x, n, out, [](float z) { return z / (1.0f + naturalExp(-z)); });                                        \
    }                                                                                                                  \
    KERNEL(silu_backward_##type, 256, (const T* dOut, const T* x, long long n, T* dX)) {                               \
        map<1>(dOut, x, n, dX, [](float d, float z) {                                                                  \
            float sigmoid = 1.0f / (1.0f + naturalExp(-z));                                                            \
            return d * (sigmoid * fmaf(z, 1.0f - sigmoid, 1.0f));                                                      \
        });                                                                                                            \
    }
SIGMOID(f32, float)
SIGMOID(bf16, BFloat16)
