// SPDX-License-Identifier: Apache-2.0
//
// One AdamW step of many tensors in one launch. Master weights and moments are F32; a tensor that computes in BF16 gets its
// rounded copy written in the same pass.
//
// The host cuts all tensors into pieces of at most any one size, a block each, and says with two arrays which tensor a piece
// belongs to and where it begins. The factor of gradient clipping comes from device memory, so that no step waits for the host.
#include "vectors.cuh"

struct AdamWConstants {
    float scale, decay, rest1, beta2, rest2, stepSize, inverseRootCorrection, epsilon;

    /** One element's step. */
    __device__ __forceinline__ void apply(float gradient, float& p, float& m, float& v) const {
        float g = gradient * scale;
        m = fmaf(g - m, rest1, m);
        v = fmaf(rest2 * g, g, beta2 * v);
        float denominator = fmaf(sqrtf(v), inverseRootCorrection, epsilon);
        p = p * decay - stepSize * m / denominator;
    }
};

template <class T>
__device__ __forceinline__ void adamW(
        const long long* tensors,
        const int* pieceTensors,
        const long long* pieceStarts,
        int pieceSize,
        const float* decays,
        const float* gradientScale,
        float rest1,
        float beta2,
        float rest2,
        float stepSize,
        float inverseRootCorrection,
        float epsilon) {
    int tensor = pieceTensors[blockIdx.x];
    const long long* at = tensors + 6LL * tensor;
    float* master = reinterpret_cast<float*>(at[0]);
    const T* gradient = reinterpret_cast<const T*>(at[1]);
    float* m = reinterpret_cast<float*>(at[2]);
    float* v = reinterpret_cast<float*>(at[3]);
    BFloat16* rounded = reinterpret_cast<BFloat16*>(at[4]);
    long long from = pieceStarts[blockIdx.x];
    long long to = min(from + pieceSize, at[5]);
    AdamWConstants constants = {
            *gradientScale, decays[tensor], rest1, beta2, rest2, stepSize, inverseRootCorrection, epsilon};

    constexpr int N = VECTOR<float>;
    bool aligned = isAligned<N>(master + from) && isAligned<N>(gradient + from) && isAligned<N>(m + from)
            && isAligned<N>(v + from) && (rounded == nullptr || isAligned<N>(rounded + from));
    long long scalars = aligned ? to - (to - from) % N : from; // where they begin
    for (long long i = from + threadIdx.x * N; i < scalars; i += blockDim.x * N) {
        Vector<T, N> g = loadVector<N>(gradient + i);
        float p[N];
        float m1[N];
        float v1[N];
        loadFloats(master + i, p);
        loadFloats(m + i, m1);
        loadFloats(v + i, v1);
#pragma unroll
        for (int e = 0; e < N; e++) {
            constants.apply(element(g, e), p[e], m1[e], v1[e]);
        }
        storeVector(m + i, m1);
        storeVector(v + i, v1);
        storeVector(master + i, p);
        if (rounded != nullptr) {
            storeVector(rounded + i, p);
        }
    }
    for (long long i = scalars + threadIdx.x; i < to; i += blockDim.x) {
        float p = master[i];
        float m1 = m[i];
        float v1 = v[i];
        constants.apply(load(gradient + i), p, m1, v1);
        m[i] = m1;
        v[i] = v1;
        master[i] = p;
        if (rounded != nullptr) {
            store(rounded + i, p);
        }
    }
}

// tensors [count, 6]: addresses of master weights, gradient, m, v, rounded copy (or 0), and the number of elements; pieceTensors,
// pieceStarts [pieces]; decays [count]: 1 - learning rate · weight decay; gradientScale [1]. rest1 = 1 - beta1, rest2 = 1 - beta2,
// each rounded from double. Grid: pieces.
#define ADAMW(type, T)                                                                                                 \
    KERNEL(adamw_##type, 256,                                                                                          \
           (const long long* tensors, const int* pieceTensors, const long long* pieceStarts, int pieceSize,            \
            const float* decays, const float* gradientScale, float rest1, float beta2, float rest2, float stepSize,    \
            float inverseRootCorrection, float epsilon)) {                                                             \
        adamW<T>(tensors, pieceTensors, pieceStarts, pieceSize, decays, gradientScale, rest1, beta2, rest2, stepSize,  \
                 inverseRootCorrection, epsilon);                                                                      \
    }
ADAMW(f32, float)
ADAMW(bf16, BFloat16)
