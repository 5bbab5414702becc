// SPDX-License-Identifier: Apache-2.0
//
// SwiGLU, silu(gate) · up, and its gradients.
#include "exp.cuh"

template <class T>
__device__ __forceinline__ void swiGlu(const T* gate, const T* up, long long n, T* out) {
    forEach(n, [=](long long i) {
        float z = load(gate + i);
        store(out + i, z / (1.0f + naturalExp(-z)) * load(up + i));
    });
}

template <class T>
__device__ __forceinline__ void swiGluBackward(const T* dOut, const T* gate, const T* up, long long n, T* dGate, T* dUp) {
    forEach(n, [=](long long i) {
        float z = load(gate + i);
        float d = load(dOut + i);
        float u = load(up + i);
        float sigmoid = 1.0f / (1.0f + naturalExp(-z));
        float slope = sigmoid * fmaf(z, 1.0f - sigmoid, 1.0f);
        store(dUp + i, d * (z * sigmoid));
        store(dGate + i, d * u * slope);
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
