// SPDX-License-Identifier: Apache-2.0
//
// Numbers as unsigned integers of the same order, for selections that go by bits.
#pragma once
#include "portable.cuh"

/** In the order of Float.compare: -0 below +0. */
__device__ __forceinline__ unsigned orderOf(float x) {
    unsigned bits = __float_as_uint(x);
    return bits >> 31 != 0 ? ~bits : bits | 0x80000000u;
}

__device__ __forceinline__ float withOrder(unsigned order) {
    return __uint_as_float(order >> 31 != 0 ? order & 0x7FFFFFFFu : ~order);
}
