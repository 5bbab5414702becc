// SPDX-License-Identifier: Apache-2.0
//
// Number formats in memory. Arithmetic is F32 throughout: a kernel loads, computes in float, and rounds once when it stores.
#pragma once
#include "intrinsics.cuh"

constexpr float MINUS_INFINITY = -__builtin_huge_valf();

struct BFloat16 {
    unsigned short bits;
};

struct Half {
    unsigned short bits;
};

__device__ __forceinline__ float load(const float* at) { return *at; }
__device__ __forceinline__ float load(const BFloat16* at) { return __uint_as_float(static_cast<unsigned>(at->bits) << 16); }
__device__ __forceinline__ float load(const Half* at) { return halfValue(at->bits); }

__device__ __forceinline__ void store(float* at, float x) { *at = x; }
__device__ __forceinline__ void store(BFloat16* at, float x) { at->bits = bfloat16Bits(x); }
__device__ __forceinline__ void store(Half* at, float x) { at->bits = halfBits(x); }

/** The larger number as Math.max has it: NaN if either is, and +0 above -0. */
__device__ __forceinline__ float maximum(float x, float y) {
    if (x == y) {
        return __uint_as_float(__float_as_uint(x) & __float_as_uint(y));
    }
    return x > y || x != x ? x : y;
}
