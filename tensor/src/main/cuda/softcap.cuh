// SPDX-License-Identifier: Apache-2.0
//
// Soft-capped attention scores, c · tanh(s / c), in binary32 with the bits of the Java kernels
// (dev.jacobian.tensor.reference.Tanh explains the method).
#pragma once
#include "exp.cuh"

__device__ __forceinline__ float hyperbolicTangent(float x) {
    float t = x < 0 ? -x : x;
    float square = x * x;
    float p = fmaf(-5.70498872745e-3f, square, 2.06390887954e-2f);
    p = fmaf(p, square, -5.37397155531e-2f);
    p = fmaf(p, square, 1.33314422036e-1f);
    p = fmaf(p, square, -3.33332819422e-1f);
    float small = fmaf(p * square, x, x);
    float large = 1.0f - 2.0f / (naturalExp(2.0f * t) + 1.0f);
    return t < 0.625f ? small : x < 0 ? -large : large;
}

/** A score under a cap; 0 for none. */
__device__ __forceinline__ float cappedScore(float score, float softCap) {
    return softCap > 0 ? softCap * hyperbolicTangent(score / softCap) : score;
}

/** The slope of a capped score times a gradient. */
__device__ __forceinline__ float throughCap(float gradient, float score, float softCap) {
    if (softCap <= 0) {
        return gradient;
    }
    float tanh = hyperbolicTangent(score / softCap);
    return gradient * fmaf(-tanh, tanh, 1.0f);
}
