// SPDX-License-Identifier: Apache-2.0
//
// exp in binary64 with the bits of Java's StrictMath.exp, which is fdlibm's by definition: decisions that hang on the last bit
// of a sum then fall as on the CPU. Slow (a division each); for those decisions only.
#pragma once
#include "portable.cuh"

/** e to the power x, for x at most 0 or NaN. */
__device__ __forceinline__ double strictExp(double x) {
    constexpr double LN2_HIGH = 0x1.62e42feep-1;
    constexpr double LN2_LOW = 0x1.a39ef35793c76p-33;
    if (x < -0x1.74910d52d3051p9) {
        return 0; // below half of the smallest number
    }
    if (x > -0x1p-28) {
        return 1 + x;
    }
    // x = k ln 2 + r with r = high - low. The bounds are the ones of fdlibm, which compares high words.
    int k = x > -0x1.62e43p-2 ? 0 : x > -0x1.0a2b2p0 ? -1 : static_cast<int>(0x1.71547652b82fep0 * x - 0.5);
    double high = x - k * LN2_HIGH;
    double low = k * LN2_LOW;
    double r = k == 0 ? x : high - low;
    double t = r * r;
    double p = 0x1.555555555553ep-3 + t * (-0x1.6c16c16bebd93p-9 + t * (0x1.1566aaf25de2cp-14
            + t * (-0x1.bbd41c5d26bf1p-20 + t * 0x1.6376972bea4d0p-25)));
    double c = r - t * p;
    if (k == 0) {
        return 1 - (r * c / (c - 2) - r);
    }
    return ldexp(1 - ((low - r * c / (2 - c)) - high), k);
}
