// SPDX-License-Identifier: Apache-2.0
//
// SwiGLU, silu(gate) · up, the clamped form of gpt-oss, and their gradients.
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

constexpr float CLAMP = 7.0f;
constexpr float CLAMPED_SLOPE = 1.702f;

/** NaN stays NaN. */
__device__ __forceinline__ float clampedAbove(float x) { return x > CLAMP ? CLAMP : x; }

__device__ __forceinline__ float clampedBoth(float x) { return x < -CLAMP ? -CLAMP : clampedAbove(x); }

template <class T>
__device__ __forceinline__ void clampedSwiGlu(const T* gate, const T* up, long long n, T* out) {
    map(gate, up, n, out, [](float z, float u) {
        float g = clampedAbove(z);
        return (clampedBoth(u) + 1.0f) * (g / (1.0f + naturalExp(-(g * CLAMPED_SLOPE))));
    });
}

template <class T>
__device__ __forceinline__ void clampedSwiGluBackward(
        const T* dOut, const T* gate, const T* up, long long n, T* dGate, T* dUp) {
    mapElements<1>(
            wholeGrid(), {dOut, gate, up}, n, {dGate, dUp}, [](long long, const float(&x)[3], float(&gradients)[2]) {
                auto [d, z, u] = x;
                float g = clampedAbove(z);
                float sigmoid = 1.0f / (1.0f + naturalExp(-(g * CLAMPED_SLOPE)));
                float slope = sigmoid * fmaf(g * CLAMPED_SLOPE, 1.0f - sigmoid, 1.0f);
                gradients[0] = z > CLAMP ? 0.0f : d * (clampedBoth(u) + 1.0f) * slope;
                gradients[1] = u > CLAMP || u < -CLAMP ? 0.0f : d * (g * sigmoid);
            });
}

// All [n]; an output may be an input. Any grid.
#define CLAMPED_SWIGLU(type, T)                                                                                        \
    KERNEL(clamped_swiglu_##type, 256, (const T* gate, const T* up, long long n, T* out)) {                            \
        clampedSwiGlu(gate, up, n, out);                                                                               \
    }                                                                                                                  \
    KERNEL(clamped_swiglu_backward_##type, 256,                                                                        \
           (const T* dOut, const T* gate, const T* up, long long n, T* dGate, T* dUp)) {                               \
        clampedSwiGluBackward(dOut, gate, up, n, dGate, dUp);                                                          \
    }
CLAMPED_SWIGLU(f32, float)
CLAMPED_SWIGLU(bf16, BFloat16)
