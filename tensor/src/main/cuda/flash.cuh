// SPDX-License-Identifier: Apache-2.0
//
// What the flash attention kernels (Dao, 2023) share: tiles of BF16 in shared memory, fragments of them for the tensor cores,
// where keys lie, and scores as the exponents of 2.
//
// Decisions
// - Compiled for D = 32, 64 and 128 numbers per head; any head size up to D that is a multiple of 8 (rows of whole 16-byte
//   pieces) works, with zeros beyond it. Tensors have the strides of the real size.
// - A row of a tile has D numbers without padding; its 16-byte pieces are permuted by the row, so that eight neighbouring rows'
//   pieces of one column lie in different banks, both for the copies and for the loads of 8x8 tiles.
// - Each warp owns whole rows of the results, and passes weights from one product to the next in registers: the accumulators of
//   a [16, 16] tile are, rounded to BF16, the left operand of the next product.
// - Products are BF16 with sums in F32; the softmax is F32. Scores are used as s · sharpness · log2(e), one multiply-add away
//   from the product.
// - A masked weight is 0, but 0 · NaN is NaN: a NaN or infinity in a value reaches queries that do not see it, in the same tile.
#pragma once
#include "attention.cuh"

constexpr int FLASH_KEYS = 64; // keys that a tile of queries looks at together: the fixed blocks of the running softmax
constexpr float LOG2_E = 1.44269504088896341f;

/** A number that all lanes of a warp have; the compiler, told so, need not keep one in each lane's registers. */
__device__ __forceinline__ int ofWarp(int x) { return __shfl_sync(ALL_LANES, x, 0); }

/** Keys in the batch itself, [N, kvHeads, headDim]: rows of kvHeads · headDim numbers, beginning with head kvHead. */
struct FlashPackedKeys : PackedRows<int> {
    __device__ __forceinline__ FlashPackedKeys(const int* starts, const int* parents, int segment)
        : PackedRows(starts, parents, segment) {
        parentStart = ofWarp(parentStart);
        history = ofWarp(history);
        ownStart = ofWarp(ownStart);
    }

    /** Numbers from one row to the next. */
    static __device__ __forceinline__ int stride(int kvHeads, int headDim) { return kvHeads * headDim; }

    /** Where the first row of a head begins. */
    static __device__ __forceinline__ int begin(int kvHead, int headDim) { return kvHead * headDim; }
};

/** Keys in pages of 16 tokens, [pages, kvHeads, 16, headDim]: rows of headDim numbers; a sequence's pages are listed in order. */
struct FlashPagedKeys {
    static constexpr int PAGE = 16;
    const int* pages;
    int rowsOfPage; // 16 · kvHeads

    __device__ __forceinline__ int row(int position) const {
        return pages[position / PAGE] * rowsOfPage + position % PAGE;
    }

    static __device__ __forceinline__ int stride(int, int headDim) { return headDim; }

    static __device__ __forceinline__ int begin(int kvHead, int headDim) { return kvHead * PAGE * headDim; }
};

/** Where 16-byte piece p of row r stands in a tile of rows of D numbers, in numbers. */
template <int D>
__device__ __forceinline__ int pieceAt(int r, int p) {
    return r * D + (D >= 64 ? p ^ (r & 7) : p ^ (r >> 1 & 3)) * 8;
}

/**
 * Begins to fill tiles [rows, D] of one or two tensors of one layout: row r from row rowOf(r) of the tensors, which begins
 * rowOf(r) · stride numbers after begin; zeros in rows from filled > 0 on.
 */
template <int D, int rows, int threads, class RowOf>
__device__ __forceinline__ void copyTiles(
        BFloat16* tileA,
        const BFloat16* a,
        BFloat16* tileB,
        const BFloat16* b,
        int headDim,
        int begin,
        int stride,
        int filled,
        RowOf rowOf) {
    constexpr int PIECES = D / 8;
    static_assert(rows * PIECES % threads == 0, "every thread copies as many pieces");
    int thread = threadAgain();
    int piece = thread % PIECES;
    int end = piece * 8 < headDim ? filled : 0;
    begin += min(piece * 8, headDim - 8); // an address to be had, even where it is not read
#pragma unroll
    for (int i = 0; i < rows * PIECES / threads; i++) {
        int row = thread / PIECES + i * (threads / PIECES);
        long long from = static_cast<long long>(rowOf(min(row, filled - 1))) * stride + begin;
        copyAsync16(tileA + pieceAt<D>(row, piece), a + from, row < end);
        if (tileB != nullptr) {
            copyAsync16(tileB + pieceAt<D>(row, piece), b + from, row < end);
        }
    }
}

/**
 * Where this lane's row for four 8x8 tiles begins, of the [16, 16] numbers at the beginning of rows: the tiles in the order
 * of the registers of a left operand, or of two right operands that are transposed while loading. The numbers 16 c columns
 * further on differ in the higher bits of the piece, which the permutation leaves to an xor.
 */
template <int D>
__device__ __forceinline__ int laneAt() {
    int lane = threadIdx.x & 31;
    return pieceAt<D>(lane % 16, lane / 16);
}

/** The same in the order of two right operands that are not transposed, each in neighbouring registers, as products want them. */
template <int D>
__device__ __forceinline__ int laneAtRight() {
    int lane = threadIdx.x & 31;
    return pieceAt<D>(lane % 8 + lane / 16 * 8, lane / 8 % 2);
}

/** [16 rows, 16 columns] from column 16 c on as a left operand. */
__device__ __forceinline__ void loadLeft(unsigned (&a)[4], const BFloat16* rows, int laneAt, int c) {
    loadTiles(a, rows + (laneAt ^ 16 * c));
}

/** The same as right operands [16 columns, 8 rows]: b[0], b[1] have the first eight rows. */
__device__ __forceinline__ void loadRight(unsigned (&b)[4], const BFloat16* rows, int laneAtRight, int c) {
    loadTiles(b, rows + (laneAtRight ^ 16 * c));
}

/** The same as right operands [16 rows, 8 columns]: b[0], b[1] have the first eight columns. */
__device__ __forceinline__ void loadRightTransposed(unsigned (&b)[4], const BFloat16* rows, int laneAt, int c) {
    loadTilesTransposed(b, rows + (laneAt ^ 16 * c));
}

/** sums [16 M, 8 columns] += left [16 M, D] · rowsᵀ, the columns being rows of a tile. */
template <int D, int M, int columns>
__device__ __forceinline__ void multiplyRows(
        float (&sums)[M][columns][4], const unsigned (&left)[M][D / 16][4], const BFloat16* rows, int laneAtRight) {
#pragma unroll
    for (int d = 0; d < D / 16; d++) {
#pragma unroll
        for (int n = 0; n < columns / 2; n++) {
            unsigned b[4];
            loadRight(b, rows + 16 * n * D, laneAtRight, d);
#pragma unroll
            for (int m = 0; m < M; m++) {
                multiplyTile(sums[m][2 * n], left[m][d], b[0], b[1]);
                multiplyTile(sums[m][2 * n + 1], left[m][d], b[2], b[3]);
            }
        }
    }
}

/** sums [16 M, D] += weights [16 M, 8 columns], rounded to BF16, · rows of a tile. */
template <int D, int M, int columns>
__device__ __forceinline__ void addRows(
        float (&sums)[M][D / 8][4], const float (&weights)[M][columns][4], const BFloat16* rows, int laneAt) {
#pragma unroll
    for (int k = 0; k < columns / 2; k++) {
        unsigned left[M][4];
#pragma unroll
        for (int i = 0; i < 4 * M; i++) {
            const float(&pair)[4] = weights[i / 4][2 * k + i % 4 / 2];
            left[i / 4][i % 4] = bfloat16Pair(pair[i % 2 * 2], pair[i % 2 * 2 + 1]);
        }
#pragma unroll
        for (int n = 0; n < D / 16; n++) {
            unsigned b[4];
            loadRightTransposed(b, rows + 16 * k * D, laneAt, n);
#pragma unroll
            for (int m = 0; m < M; m++) {
                multiplyTile(sums[m][2 * n], left[m], b[0], b[1]);
                multiplyTile(sums[m][2 * n + 1], left[m], b[2], b[3]);
            }
        }
    }
}

/** Writes a warp's [16, D] accumulators, times a factor per half of the rows, as BF16 into 16 rows of a tile. */
template <int D>
__device__ __forceinline__ void storeAccumulators(
        BFloat16* tile, int row, const float (&sums)[D / 8][4], float factorLow, float factorHigh) {
    int lane = threadIdx.x & 31;
#pragma unroll
    for (int n = 0; n < D / 8; n++) {
        // + 0: a negative zero becomes positive, which it is not certain to be after blocks without a visible key
        unsigned low = bfloat16Pair(sums[n][0] * factorLow + 0.0f, sums[n][1] * factorLow + 0.0f);
        unsigned high = bfloat16Pair(sums[n][2] * factorHigh + 0.0f, sums[n][3] * factorHigh + 0.0f);
        *reinterpret_cast<unsigned*>(tile + pieceAt<D>(row + lane / 4, n) + lane % 4 * 2) = low;
        *reinterpret_cast<unsigned*>(tile + pieceAt<D>(row + lane / 4 + 8, n) + lane % 4 * 2) = high;
    }
}

/** Copies rows of a tile that the same warp wrote to rows of a tensor, those before count. */
template <int D, int rows>
__device__ __forceinline__ void writeRows(
        BFloat16* to, const BFloat16* tile, int row, int headDim, int stride, int count) {
    constexpr int PIECES = D / 8;
    int lane = threadIdx.x & 31;
    int piece = lane % PIECES;
#pragma unroll
    for (int i = 0; i < rows * PIECES / 32; i++) {
        int r = row + lane / PIECES + i * (32 / PIECES);
        if (r < count && piece * 8 < headDim) {
            *reinterpret_cast<uint4*>(to + static_cast<long long>(r) * stride + piece * 8) =
                    *reinterpret_cast<const uint4*>(tile + pieceAt<D>(r, piece));
        }
    }
}

/**
 * What a score is multiplied by to be what exp is taken of. With a cap that is softCap · tanh(s · scale / softCap), otherwise
 * s · scale.
 */
__device__ __forceinline__ float sharpness(float scale, float softCap) { return softCap > 0 ? softCap : scale; }

/** tanh(s · scale / softCap) for a few scores, absolutely within a few 2^-24. */
template <int rows, int columns>
__device__ __forceinline__ void squash(float (&scores)[rows][columns], float scale, float softCap) {
    float twice = 2 * LOG2_E * scale * fastReciprocal(softCap);
#pragma unroll
    for (int i = 0; i < rows * columns; i++) {
        float& score = scores[i / columns][i % columns];
        score = fmaf(-2.0f, fastReciprocal(fastPowerOfTwo(score * twice) + 1.0f), 1.0f);
    }
}

/**
 * Which of a lane's accumulators see each other: row r (of queries) at a position, columns (of keys) from a position on; or the
 * other way round. Column c of the lane is visible if low <= c <= high.
 */
struct VisibleColumns {
    int low, high;

    __device__ __forceinline__ bool contains(int column) const { return column >= low && column <= high; }

    /** Keys at positions firstKey + column that a query sees. */
    static __device__ __forceinline__ VisibleColumns ofQuery(int query, int firstKey, int window) {
        return {window > 0 ? query - window + 1 - firstKey : 0, query - firstKey};
    }

    /** Queries at positions firstQuery + column that see a key. */
    static __device__ __forceinline__ VisibleColumns ofKey(int key, int firstQuery, int window) {
        return {key - firstQuery, window > 0 ? key + window - 1 - firstQuery : 1 << 30};
    }
};

/** Sets numbers of pairs that do not see each other to a value, whatever they are; visibleOf is asked for a tile and its half. */
template <int M, int columns, class VisibleOf>
__device__ __forceinline__ void hide(float (&numbers)[M][columns][4], float value, VisibleOf visibleOf) {
#pragma unroll
    for (int j = 0; j < M * columns * 4; j++) {
        float& number = numbers[j / 4 / columns][j / 4 % columns][j % 4];
        number = visibleOf(j / 4 / columns, j % 4 / 2).contains(j / 4 % columns * 8 + j % 2) ? number : value;
    }
}
