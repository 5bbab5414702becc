// SPDX-License-Identifier: Apache-2.0
//
// The project's counter-based generator, Philox 4x32 with 10 rounds: the numbers of dev.jacobian.tensor.Rng.
#pragma once
#include "portable.cuh"

/** A number in [0, 1) with 24 random bits, keyed by a seed and four coordinates. */
__device__ __forceinline__ float philoxUniform(long long seed, unsigned c0, unsigned c1, unsigned c2, unsigned c3) {
    unsigned k0 = static_cast<unsigned>(seed);
    unsigned k1 = static_cast<unsigned>(static_cast<unsigned long long>(seed) >> 32);
#pragma unroll
    for (int round = 0; round < 10; round++) {
        unsigned n0 = __umulhi(c2, 0xCD9E8D57u) ^ c1 ^ k0;
        unsigned n2 = __umulhi(c0, 0xD2511F53u) ^ c3 ^ k1;
        c1 = c2 * 0xCD9E8D57u;
        c3 = c0 * 0xD2511F53u;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return static_cast<float>(c0 & 0xFFFFFFu) * (1.0f / 16777216.0f);
}
