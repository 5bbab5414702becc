// SPDX-License-Identifier: Apache-2.0
//
// GELU, z Φ(z) with Φ the cumulative normal distribution, its approximation by tanh, both also as gates (gelu(gate) · up), and
// their gradients.
//
// Decisions
// - Neither erf nor tanh: Φ(z) for negative z and the approximation's sigmoid are small numbers, which 1 + erf and 1 + tanh would
//   round away. Both rest on the project's exp and on fused multiply-adds, so they have the same bits everywhere.
// - Φ(-t) for t >= 0 is exp(-t²/2) · P((t - 4.5) / (t + 4.5)) / (t + 1.5), P a polynomial of degree 9 fitted (Chebyshev) for the
//   smallest relative error over [0, 15], 1e-8; beyond, Φ(-t) is 0 in F32. The rounding of t² is made good in the exponential.
// - ½ (1 + tanh u) is 1 / (1 + exp(-2u)).
#include "exp.cuh"
#include "vectors.cuh"

struct Activation {
    float value, slope;
};

struct Gelu {
    static __device__ __forceinline__ float capped(float z) { return z < -15.0f ? -15.0f : z > 15.0f ? 15.0f : z; }

    /** exp(-z²/2). */
    static __device__ __forceinline__ float bell(float z) {
        float square = z * z;
        float e = naturalExp(-0.5f * square);
        return fmaf(e, -0.5f * fmaf(z, z, -square), e);
    }

    static __device__ __forceinline__ float cumulative(float z, float bell) {
        float t = z < 0 ? -z : z;
        float s = (t - 4.5f) / (t + 4.5f);
        float p = fmaf(-3.029982908628881e-4f, s, 4.107222775928676e-5f);
        p = fmaf(p, s, 2.5888083036988974e-3f);
        p = fmaf(p, s, -8.500129915773869e-3f);
        p = fmaf(p, s, 1.4540999196469784e-2f);
        p = fmaf(p, s, -1.012138556689024e-2f);
        p = fmaf(p, s, -1.9943058490753174e-2f);
        p = fmaf(p, s, 8.421549946069717e-2f);
        p = fmaf(p, s, -1.7242833971977234e-1f);
        p = fmaf(p, s, 5.088203549385071e-1f);
        float tail = bell * (p / (t + 1.5f));
        return z < 0 ? tail : 1.0f - tail;
    }

    static __device__ __forceinline__ float value(float z) {
        float c = capped(z);
        return z * cumulative(c, bell(c));
    }

    static __device__ __forceinline__ Activation both(float z) {
        float c = capped(z);
        float e = bell(c);
        float phi = cumulative(c, e);
        return {z * phi, fmaf(c * e, 0.39894228f, phi)};
    }
};

struct GeluTanh {
    static constexpr float TWICE = 1.5957691216057308f; // 2 √(2/π)
    static constexpr float CUBIC = 0.044715f;

    static __device__ __forceinline__ float value(float z) {
        float u = TWICE * z * fmaf(CUBIC * z, z, 1.0f);
        return z / (1.0f + naturalExp(-u));
    }

    static __device__ __forceinline__ Activation both(float z) {
        float c = z < -10.0f ? -10.0f : z > 10.0f ? 10.0f : z; // beyond, the slope is 0 or 1, but for 1e-35
        float square = CUBIC * c * c;
        float e = naturalExp(-(TWICE * c * (square + 1.0f)));
        float sigmoid = 1.0f / (1.0f + e);
        float slopeOfU = TWICE * fmaf(3.0f, square, 1.0f);
        return {value(z), sigmoid * fmaf(c * (e * sigmoid), slopeOfU, 1.0f)};
    }
};

template <class F, class T>
__device__ __forceinline__ void gegluBackward(const T* dOut, const T* gate, const T* up, long long n, T* dGate, T* dUp) {
    mapElements<1>(
            wholeGrid(), {dOut, gate, up}, n, {dGate, dUp}, [](long long, const float(&x)[3], float(&gradients)[2]) {
                Activation gelu = F::both(x[1]);
                gradients[0] = x[0] * x[2] * gelu.slope;
                gradients[1] = x[0] * gelu.value;
            });
}

// All [n]; an output may be an input. Any grid.
#define GELU(name, type, F, T)                                                                                         \
    KERNEL(name##_##type, 256, (const T* x, long long n, T* out)) {                                                    \
        map<2>(x, n, out, [](float z) { return F::value(z); });                                                        \
    }                                                                                                                  \
    KERNEL(name##_backward_##type, 256, (const T* dOut, const T* x, long long n, T* dX)) {                             \
        map<1>(dOut, x, n, dX, [](float d, float z) { return d * F::both(z).slope; });                                 \
    }
GELU(gelu, f32, Gelu, float)
GELU(gelu, bf16, Gelu, BFloat16)
GELU(gelu_tanh, f32, GeluTanh, float)
GELU(gelu_tanh, bf16, GeluTanh, BFloat16)

// All [n]; an output may be an input. Any grid.
#define GEGLU(name, type, F, T)                                                                                        \
    KERNEL(name##_##type, 256, (const T* gate, const T* up, long long n, T* out)) {                                    \
        map<1>(gate, up, n, out, [](float z, float u) { return F::value(z) * u; });                                    \
    }                                                                                                                  \
    KERNEL(name##_backward_##type, 256,                                                                                \
           (const T* dOut, const T* gate, const T* up, long long n, T* dGate, T* dUp)) {                               \
        gegluBackward<F>(dOut, gate, up, n, dGate, dUp);                                                               \
    }
GEGLU(geglu, f32, Gelu, float)
GEGLU(geglu, bf16, Gelu, BFloat16)
GEGLU(geglu_tanh, f32, GeluTanh, float)
GEGLU(geglu_tanh, bf16, GeluTanh, BFloat16)
