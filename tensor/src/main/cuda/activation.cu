// SPDX-License-Identifier: Apache-2.0
//
// SwiGLU, silu(gate) · up, and its gradients.
#include "exp.cuh"
#include "vectors.cuh"

template <class T>
__device__ __forceinline__ void swiGlu(const T* gate, const T* up, long long n, T* out) {
    map(gate, up, n, out, [](float z, float u) { return z / (1.0f + naturalExp(-z)) * u; });
}

template <class T>
__device__ __forceinline__ void swiGluBackward(const T* dOut, const T* gate, const T* up, long long n, T* dGate, T* dUp) {
    mapElements<1>(
            wholeGrid(), {dOut, gate, up}, n, {dGate, dUp}, [](long long, const float(&x)[3], float(&gradients)[2]) {
                auto [d, z, u] = x;
                float sigmoid = 1.0f / (1.0f + naturalExp(-z));
                float slope = sigmoid * fmaf(z, 1.0f - sigmoid, 1.0f);
                gradients[0] = d * u * slope;
                gradients[1] = d * (z * sigmoid);
            });
}

// All [n]; an output may be an input. Any grid.
#define SWIGLU(type, T)                                                                                                \
    KERNEL(swiglu_##type, 256, (const T* gate, const T* up, long long n, T* out)) { swiGlu(gate, up, n, out); }        \
    KERNEL(swiglu_backward_##type, 256,                                                                                \
           (const T* dOut, const T* gate, const T* up, long long n, T* dGate, T* dUp)) {                               \
        swiGluBackward(dOut, gate, up, n, dGate, dUp);                                                                 \
    }
SWIGLU(f32, float)
SWIGLU(bf16, BFloat16)
