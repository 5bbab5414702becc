// SPDX-License-Identifier: Apache-2.0
//
// The square of max(x, 0), and its gradient. Not fmaxf: what is not a number stays one.
#include "vectors.cuh"

// All [n]; an output may be an input. Any grid.
#define SQUARED_RELU(type, T)                                                                                          \
    KERNEL(squared_relu_##type, 256, (const T* x, long long n, T* out)) {                                              \
        map<2>(x, n, out, [](float z) {                                                                                \
            float r = z <= 0.0f ? 0.0f : z;                                                                            \
            return r * r;                                                                                              \
        });                                                                                                            \
    }                                                                                                                  \
    KERNEL(squared_relu_backward_##type, 256, (const T* dOut, const T* x, long long n, T* dX)) {                       \
        map<2>(dOut, x, n, dX, [](float d, float z) { return d * (2.0f * (z <= 0.0f ? 0.0f : z)); });                  \
    }
SQUARED_RELU(f32, float)
SQUARED_RELU(bf16, BFloat16)
