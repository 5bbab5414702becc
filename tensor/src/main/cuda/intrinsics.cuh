// SPDX-License-Identifier: Apache-2.0
//
// All inline PTX, one instruction per function, each beside its twin in C++ for the emulated device. The twins of warp
// instructions exchange the lanes' registers and compute from the fragment layouts of the PTX manual.
#pragma once
#include "portable.cuh"

#ifdef __CUDACC__

__device__ __forceinline__ unsigned short bfloat16Bits(float x) {
    unsigned short bits;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(x));
    return bits;
}

__device__ __forceinline__ unsigned short halfBits(float x) {
    unsigned short bits;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x));
    return bits;
}

__device__ __forceinline__ float halfValue(unsigned short bits) {
    float x;
    asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(bits));
    return x;
}

/** Two numbers rounded to BF16 in one register, low in the lower half. */
__device__ __forceinline__ unsigned bfloat16Pair(float low, float high) {
    unsigned pair;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
    return pair;
}

/** 2 to the power x within 2 ulp: exactly 1 at 0, 0 where the result is subnormal. The bits are the device's own. */
__device__ __forceinline__ float fastPowerOfTwo(float x) {
    float power;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x));
    return power;
}

/** The logarithm of x to base 2, within 2^-22 near 1 and relatively elsewhere. The bits are the device's own. */
__device__ __forceinline__ float fastLogarithmOfTwo(float x) {
    float logarithm;
    asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(logarithm) : "f"(x));
    return logarithm;
}

/** The position of the lowest bit that is 1; there must be one. */
__device__ __forceinline__ int lowestBit(unsigned bits) { return __ffs(static_cast<int>(bits)) - 1; }

/** threadIdx.x, read anew: a compiler does not keep what follows from it in registers over a loop. */
__device__ __forceinline__ int threadAgain() {
    int thread;
    asm volatile("mov.u32 %0, %%tid.x;" : "=r"(thread));
    return thread;
}

/** 1 / x within 1 ulp, 0 where that is subnormal. The bits are the device's own. */
__device__ __forceinline__ float fastReciprocal(float x) {
    float reciprocal;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(reciprocal) : "f"(x));
    return reciprocal;
}

/** Begins copying 16 bytes from global to shared memory, or writing 16 zero bytes. */
__device__ __forceinline__ void copyAsync16(void* shared, const void* global, bool copy) {
    unsigned target = static_cast<unsigned>(__cvta_generic_to_shared(shared));
    int bytes = copy ? 16 : 0;
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(target), "l"(global), "r"(bytes) : "memory");
}

/** Begins copying 8 bytes from global to shared memory, or writing 8 zero bytes. */
__device__ __forceinline__ void copyAsync8(void* shared, const void* global, bool copy) {
    unsigned target = static_cast<unsigned>(__cvta_generic_to_shared(shared));
    int bytes = copy ? 8 : 0;
    asm volatile("cp.async.ca.shared.global [%0], [%1], 8, %2;" ::"r"(target), "l"(global), "r"(bytes) : "memory");
}

__device__ __forceinline__ void copyAsyncCommit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

/** Waits until at most {@code left} of this thread's groups of copies are unfinished. */
template <int left>
__device__ __forceinline__ void copyAsyncWait() {
    asm volatile("cp.async.wait_group %0;" ::"n"(left) : "memory");
}

/** d += a · b for a [16, 16] and b [16, 8] of BF16, accumulated in F32. */
__device__ __forceinline__ void multiplyTile(float (&d)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

/** Four 8x8 tiles of 16-bit numbers; lane 8i + j brings the address of row j of tile i. */
__device__ __forceinline__ void loadTiles(unsigned (&tiles)[4], const void* row) {
    unsigned from = static_cast<unsigned>(__cvta_generic_to_shared(row));
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(tiles[0]), "=r"(tiles[1]), "=r"(tiles[2]), "=r"(tiles[3])
                 : "r"(from)
                 : "memory");
}

/** As loadTiles, each tile transposed. */
__device__ __forceinline__ void loadTilesTransposed(unsigned (&tiles)[4], const void* row) {
    unsigned from = static_cast<unsigned>(__cvta_generic_to_shared(row));
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(tiles[0]), "=r"(tiles[1]), "=r"(tiles[2]), "=r"(tiles[3])
                 : "r"(from)
                 : "memory");
}

#else

static inline unsigned short bfloat16Bits(float x) {
    unsigned bits = __float_as_uint(x);
    if ((bits & 0x7FFFFFFF) > 0x7F800000) {
        return 0x7FFF;
    }
    return static_cast<unsigned short>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

static inline unsigned short halfBits(float x) {
    unsigned bits = __float_as_uint(x);
    unsigned sign = bits >> 16 & 0x8000;
    bits &= 0x7FFFFFFF;
    unsigned magnitude;
    if (bits > 0x7F800000) {
        return 0x7FFF;
    } else if (bits >= 0x477FF000) { // 65520 and above
        magnitude = 0x7C00;
    } else if (bits < 0x38800000) { // below 2^-14: the last bit of 0.5 + x counts 2^-24, as the result's does
        magnitude = __float_as_uint(__uint_as_float(bits) + 0.5f) - __float_as_uint(0.5f);
    } else {
        magnitude = (bits + 0xFFF + (bits >> 13 & 1) - 0x38000000) >> 13;
    }
    return static_cast<unsigned short>(sign | magnitude);
}

static inline float halfValue(unsigned short bits) {
    unsigned sign = (bits & 0x8000u) << 16;
    unsigned exponent = bits >> 10 & 31;
    unsigned fraction = bits & 0x3FF;
    if (exponent == 0) {
        return __uint_as_float(sign | __float_as_uint(static_cast<float>(fraction) * 0x1p-24f));
    }
    unsigned biased = exponent == 31 ? 255 : exponent + 112;
    return __uint_as_float(sign | biased << 23 | fraction << 13);
}

static inline unsigned bfloat16Pair(float low, float high) {
    return bfloat16Bits(low) | static_cast<unsigned>(bfloat16Bits(high)) << 16;
}

namespace emulation {

inline float withoutSubnormals(float x) { return std::fabs(x) < 0x1p-126f ? std::copysign(0.0f, x) : x; }

} // namespace emulation

static inline float fastPowerOfTwo(float x) {
    return emulation::withoutSubnormals(std::exp2(emulation::withoutSubnormals(x)));
}

static inline float fastLogarithmOfTwo(float x) { return std::log2(emulation::withoutSubnormals(x)); }

static inline int lowestBit(unsigned bits) { return __builtin_ctz(bits); }

static inline int threadAgain() { return static_cast<int>(threadIdx.x); }

static inline float fastReciprocal(float x) {
    return emulation::withoutSubnormals(1.0f / emulation::withoutSubnormals(x));
}

static inline void copyAsync16(void* shared, const void* global, bool copy) {
    emulation::asyncCopy(shared, copy ? global : nullptr, 16);
}

static inline void copyAsync8(void* shared, const void* global, bool copy) {
    emulation::asyncCopy(shared, copy ? global : nullptr, 8);
}

static inline void copyAsyncCommit() { emulation::asyncCommit(); }

template <int left>
static inline void copyAsyncWait() {
    emulation::asyncWait(left);
}

namespace emulation {

/** The BF16 number of a register that belongs to an even or odd column (of a) or row (of b). */
inline float fragmentElement(const unsigned* registers, int which, int column) {
    return __uint_as_float(registers[which] >> (column % 2 * 16) << 16);
}

inline void loadTilesOf(unsigned (&tiles)[4], const void* row, bool transposed, Site site) {
    auto slots = exchange(ALL_LANES, &row, sizeof row, site);
    for (int tile = 0; tile < 4; tile++) {
        unsigned pair = 0;
        for (int half = 0; half < 2; half++) {
            int across = current->lane % 4 * 2 + half;
            int down = current->lane / 4;
            const unsigned short* from;
            memcpy(&from, slots[tile * 8 + (transposed ? across : down)], sizeof from);
            pair |= static_cast<unsigned>(from[transposed ? down : across]) << (16 * half);
        }
        tiles[tile] = pair;
    }
}

} // namespace emulation

static inline void multiplyTile(float (&d)[4], const unsigned (&a)[4], unsigned b0, unsigned b1, EMULATION_SITE) {
    struct {
        unsigned a[4], b[2];
    } own = {{a[0], a[1], a[2], a[3]}, {b0, b1}}, other;
    auto slots = emulation::exchange(ALL_LANES, &own, sizeof own, {file, line, "mma"});
    float rows[2][16]; // of a, that this lane's results need
    float columns[2][16];
    int group = emulation::current->lane / 4;
    int pair = emulation::current->lane % 4 * 2;
    for (int k = 0; k < 16; k++) {
        memcpy(&other, slots[group * 4 + k % 8 / 2], sizeof other);
        rows[0][k] = emulation::fragmentElement(other.a, k / 8 * 2, k);
        rows[1][k] = emulation::fragmentElement(other.a, k / 8 * 2 + 1, k);
        for (int c = 0; c < 2; c++) {
            memcpy(&other, slots[(pair + c) * 4 + k % 8 / 2], sizeof other);
            columns[c][k] = emulation::fragmentElement(other.b, k / 8, k);
        }
    }
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < 16; k++) {
            d[i] += rows[i / 2][k] * columns[i % 2][k];
        }
    }
}

static inline void loadTiles(unsigned (&tiles)[4], const void* row, EMULATION_SITE) {
    emulation::loadTilesOf(tiles, row, false, {file, line, "ldmatrix"});
}

static inline void loadTilesTransposed(unsigned (&tiles)[4], const void* row, EMULATION_SITE) {
    emulation::loadTilesOf(tiles, row, true, {file, line, "ldmatrix.trans"});
}

#endif
