// SPDX-License-Identifier: Apache-2.0
//
// exp in binary32 with the bits of the Java kernels (dev.jacobian.tensor.reference.Exp explains the method).
#pragma once
#include "numbers.cuh"

__device__ __forceinline__ float wholePower(int n) { return __int_as_float((n + 127) << 23); }

/** e to the power x: below 1 ulp where the result is normal; 0 at -infinity, NaN stays NaN. */
__device__ __forceinline__ float naturalExp(float x) {
    constexpr float ROUNDER = 12582912.0f; // 1.5 · 2^23
    float clamped = x < -104.0f ? -104.0f : x > 89.0f ? 89.0f : x;
    float shifted = fmaf(clamped, 1.44269504088896341f, ROUNDER);
    int n = x != x ? 0 : __float_as_int(shifted) - __float_as_int(ROUNDER);
    float whole = shifted - ROUNDER;
    float r = fmaf(whole, -0.693359375f, clamped);
    r = fmaf(whole, 2.12194440e-4f, r);
    float p = fmaf(1.9875691500e-4f, r, 1.3981999507e-3f);
    p = fmaf(p, r, 8.3334519073e-3f);
    p = fmaf(p, r, 4.1665795894e-2f);
    p = fmaf(p, r, 1.6666665459e-1f);
    p = fmaf(p, r, 5.0000001201e-1f);
    p = fmaf(p, r * r, r) + 1.0f;
    int half = n >> 1;
    return p * wholePower(half) * wholePower(n - half);
}
