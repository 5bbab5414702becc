// SPDX-License-Identifier: Apache-2.0
//
// Products of few rows with quantized weights, and their expansion for products of many. A step of decoding is the reading of the
// weights, so they are read in runs of 16 bytes per lane, once per row of x; with more than a few rows, expand and multiply.
//
// Weights lie by output: column n of the matrix [K, N] is one run of blocks of 32 numbers, the last filled up with zeros.
// Q8_0: 32 signed bytes. Q4_0: 16 bytes, number i in the low half of byte i and number i + 16 in the high half, 8 meaning 0.
// Scales are F16, one for a block. Each warp owns one output; its sum has a fixed order that is not the reference's.
#include "numbers.cuh"

constexpr int QUANT_BLOCK = 32;
constexpr int MATVEC_THREADS = 256;

struct Q8 {
    static constexpr int BYTES = 32;

    __device__ __forceinline__ static int number(const unsigned char* block, int i) {
        return static_cast<signed char>(block[i]);
    }
};

struct Q4 {
    static constexpr int BYTES = 16;

    __device__ __forceinline__ static int number(const unsigned char* block, int i) {
        return (i < 16 ? block[i] & 15 : block[i - 16] >> 4) - 8;
    }
};

/** Lanes take blocks in turn. */
template <class Format, class T>
__device__ __forceinline__ void quantizedMatVec(
        const T* x, const unsigned char* quants, const Half* scales, int k, int n, int accumulate, T* out) {
    int column = static_cast<int>((blockIdx.x * static_cast<long long>(blockDim.x) + threadIdx.x) / 32);
    if (column >= n) {
        return; // the whole warp
    }
    int lane = threadIdx.x & 31;
    int blocks = (k + QUANT_BLOCK - 1) / QUANT_BLOCK;
    const T* row = x + static_cast<long long>(blockIdx.y) * k;
    long long first = static_cast<long long>(column) * blocks;
    float sum = 0;
    for (int block = lane; block < blocks; block += 32) {
        union {
            uint4 words[Format::BYTES / 16];
            unsigned char bytes[Format::BYTES];
        } packed;
        const uint4* from = reinterpret_cast<const uint4*>(quants + (first + block) * Format::BYTES);
#pragma unroll
        for (int i = 0; i < Format::BYTES / 16; i++) {
            packed.words[i] = from[i];
        }
        const T* at = row + block * QUANT_BLOCK;
        int count = min(QUANT_BLOCK, k - block * QUANT_BLOCK);
        float dot = 0;
        if (count == QUANT_BLOCK) {
#pragma unroll
            for (int i = 0; i < QUANT_BLOCK; i++) {
                dot = fmaf(load(at + i), static_cast<float>(Format::number(packed.bytes, i)), dot);
            }
        } else {
#pragma unroll
            for (int i = 0; i < QUANT_BLOCK; i++) {
                dot = i < count ? fmaf(load(at + i), static_cast<float>(Format::number(packed.bytes, i)), dot) : dot;
            }
        }
        sum = fmaf(dot, load(scales + first + block), sum);
    }
#pragma unroll
    for (int width = 16; width > 0; width /= 2) {
        sum += __shfl_xor_sync(ALL_LANES, sum, width);
    }
    if (lane == 0) {
        T* target = out + static_cast<long long>(blockIdx.y) * n + column;
        store(target, accumulate ? load(target) + sum : sum);
    }
}

/** The numbers that the weights stand for, [N, K]; exact in F32. */
template <class Format, class T>
__device__ __forceinline__ void expand(const unsigned char* quants, const Half* scales, int k, int n, T* out) {
    long long blocks = (k + QUANT_BLOCK - 1) / QUANT_BLOCK;
    forEach(static_cast<long long>(n) * k, [=](long long i) {
        long long block = i / k * blocks + i % k / QUANT_BLOCK;
        int number = Format::number(quants + block * Format::BYTES, static_cast<int>(i % k % QUANT_BLOCK));
        store(out + i, static_cast<float>(number) * load(scales + block) + 0.0f);
    });
}

// x [M, k]; quants [n, blocks of k, 32 or 16 bytes], 16-byte aligned; scales [n, blocks of k]; out [M, n], added to if accumulate.
// Grid: (n / 8, rounded up, M).
#define QUANTIZED(format, Format, type, T)                                                                             \
    KERNEL(format##_matvec_##type, MATVEC_THREADS,                                                                     \
           (const T* x, const unsigned char* quants, const Half* scales, int k, int n, int accumulate, T* out)) {      \
        quantizedMatVec<Format>(x, quants, scales, k, n, accumulate, out);                                             \
    }                                                                                                                  \
    KERNEL(format##_expand_##type, MATVEC_THREADS,                                                                     \
           (const unsigned char* quants, const Half* scales, int k, int n, T* out)) {                                  \
        expand<Format>(quants, scales, k, n, out);                                                                     \
    }
QUANTIZED(q8_0, Q8, f32, float)
QUANTIZED(q8_0, Q8, bf16, BFloat16)
QUANTIZED(q4_0, Q4, f32, float)
QUANTIZED(q4_0, Q4, bf16, BFloat16)
