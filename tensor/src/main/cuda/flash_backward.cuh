// SPDX-License-Identifier: Apache-2.0
//
// Flash attention, backward, over a batch whose keys are all in the batch. Scores are computed again from q, k and the
// statistics that the forward pass left.
//
// Decisions
// - Two kernels, one whose blocks own 128 queries (dQ) and one whose blocks own 128 keys (dK, dV): seven products instead of
//   five, but no atomics and one order of every sum. dQ sums over the keys in order; dK and dV over segments in order, heads
//   of the group, rows.
// - Both have the same form. A warp holds rows of two tensors (q and dOut, or k and v) as left operands in registers, multiplies
//   them with the rows of the two tensors of the other side, which come in tiles of 64, and adds up these same tiles by the
//   weights, transposed while loading. In the second kernel all scores are transposed, so neither needs a sum over warps.
// - A warp has 32 rows where registers allow it (D up to 64), which halves what is read from shared memory for a product,
//   else 16.
// - What both must know of a query is a pair of numbers, made once by flash_facts.cu: with logSum = log2 of what the weights were
//   divided by, a weight is 2^(s - logSum); with delta = Σ dOut · out its slope is weight · (dOut · v - delta).
// - A source, and so a PTX text to compile, for each D: a model has one.
#pragma once
#include "flash.cuh"

constexpr int GRADIENT_ROWS = 128; // of a block
constexpr int GRADIENT_TILE = FLASH_KEYS; // rows of the other side

/** Left operands, of 16 rows each, that a warp has. */
template <int D>
constexpr int WARP_TILES = D > 64 ? 1 : 2;

template <int D>
constexpr int GRADIENT_THREADS = GRADIENT_ROWS / WARP_TILES<D> * 2;

/**
 * Turns scores into weights and gradients of weights into slopes, in place, but for the factor scale; factsOf is asked for the
 * number's tile, columns and place in the registers.
 */
template <int M, int columns, class FactsOf>
__device__ __forceinline__ void weightsAndSlopes(
        float (&scores)[M][columns][4], float (&slopes)[M][columns][4], float scale, float softCap, FactsOf factsOf) {
    constexpr int NUMBERS = M * columns * 4;
    if (softCap > 0) {
#pragma unroll
        for (int m = 0; m < M; m++) {
            squash(scores[m], scale, softCap);
        }
#pragma unroll
        for (int j = 0; j < NUMBERS; j++) {
            float tanh = scores[j / 4 / columns][j / 4 % columns][j % 4];
            float& slope = slopes[j / 4 / columns][j / 4 % columns][j % 4];
            slope = (slope - factsOf(j / 4 / columns, j / 4 % columns, j % 4).y) * fmaf(-tanh, tanh, 1.0f);
        }
    } else {
#pragma unroll
        for (int j = 0; j < NUMBERS; j++) {
            slopes[j / 4 / columns][j / 4 % columns][j % 4] -= factsOf(j / 4 / columns, j / 4 % columns, j % 4).y;
        }
    }
    float inBits = sharpness(scale, softCap) * LOG2_E;
#pragma unroll
    for (int j = 0; j < NUMBERS; j++) {
        float& weight = scores[j / 4 / columns][j / 4 % columns][j % 4];
        weight = fastPowerOfTwo(fmaf(weight, inBits, -factsOf(j / 4 / columns, j / 4 % columns, j % 4).x));
        slopes[j / 4 / columns][j / 4 % columns][j % 4] *= weight;
    }
}

/** A warp's rows of a tile as left operands. */
template <int D, int M>
__device__ __forceinline__ void loadOwn(unsigned (&left)[M][D / 16][4], const BFloat16* tile, int warpRow, int laneAt) {
#pragma unroll
    for (int m = 0; m < M; m++) {
#pragma unroll
        for (int d = 0; d < D / 16; d++) {
            loadLeft(left[m][d], tile + (warpRow + 16 * m) * D, laneAt, d);
        }
    }
}

/** Writes a warp's sums, times a factor, to the same rows of a tensor, through the tile. */
template <int D, int M>
__device__ __forceinline__ void writeGradient(
        BFloat16* to,
        BFloat16* tile,
        const float (&sums)[M][D / 8][4],
        float factor,
        int warpRow,
        int headDim,
        int stride,
        int count) {
#pragma unroll
    for (int m = 0; m < M; m++) {
        storeAccumulators<D>(tile, warpRow + 16 * m, sums[m], factor, factor);
    }
    __syncwarp();
    writeRows<D, 16 * M>(to, tile, warpRow, headDim, stride, count);
}

template <int D>
__device__ __forceinline__ void flashQueryGradient(
        const BFloat16* dOut,
        const BFloat16* q,
        const BFloat16* k,
        const BFloat16* v,
        const float* facts,
        const int* starts,
        const int* parents,
        const int* tiles,
        int heads,
        int kvHeads,
        int headDim,
        float scale,
        int window,
        float softCap,
        BFloat16* dQ) {
    constexpr int M = WARP_TILES<D>;
    constexpr int WARP_ROWS = 16 * M;
    constexpr int COLUMNS = 4; // of 8 keys each, that are weighed together
    constexpr int STAGE = 2 * GRADIENT_TILE * D;
    DYNAMIC_SHARED(BFloat16, stages); // two of keys [64, D] and values [64, D]; before them q [128, D] and dOut [128, D]
    int segment = tiles[2 * blockIdx.x];
    int first = tiles[2 * blockIdx.x + 1];
    int head = blockIdx.y;
    int firstRow = starts[segment] + first;
    int count = min(GRADIENT_ROWS, starts[segment + 1] - firstRow);
    FlashPackedKeys keys(starts, parents, segment);
    int lane = threadIdx.x & 31;
    int laneAt = ::laneAt<D>();
    int laneAtRight = ::laneAtRight<D>();
    int warpRow = static_cast<int>(threadIdx.x) / 32 * WARP_ROWS;
    int warpPosition = keys.history + first + warpRow;
    int lastKey = keys.history + first + count - 1;
    int stride = heads * headDim;
    long long begin = static_cast<long long>(firstRow) * stride + head * headDim;

    copyTiles<D, GRADIENT_ROWS, GRADIENT_THREADS<D>>(
            stages, q + begin, stages + STAGE, dOut + begin, headDim, 0, stride, count, [](int r) { return r; });
    copyAsyncCommit();
    float2 own[2 * M]; // facts of the lane's rows
#pragma unroll
    for (int h = 0; h < 2 * M; h++) {
        int row = min(warpRow + 8 * h + lane / 4, count - 1);
        own[h] = *reinterpret_cast<const float2*>(facts + 2 * (static_cast<long long>(firstRow + row) * heads + head));
    }
    copyAsyncWait<0>();
    __syncthreads();
    unsigned queries[M][D / 16][4];
    unsigned dOuts[M][D / 16][4];
    loadOwn<D>(queries, stages, warpRow, laneAt);
    loadOwn<D>(dOuts, stages + STAGE, warpRow, laneAt);
    __syncthreads();

    auto stageOf = [=](int from) { return stages + from / GRADIENT_TILE % 2 * STAGE; };
    auto copyKeys = [&](int from) {
        copyTiles<D, GRADIENT_TILE, GRADIENT_THREADS<D>>(
                stageOf(from), k, stageOf(from) + GRADIENT_TILE * D, v, headDim,
                FlashPackedKeys::begin(head / (heads / kvHeads), headDim), FlashPackedKeys::stride(kvHeads, headDim),
                lastKey + 1 - from, [&](int r) { return keys.row(from + r); });
        copyAsyncCommit();
    };
    float gradient[M][D / 8][4] = {};
    int from = firstVisible(keys.history + first, window) / GRADIENT_TILE * GRADIENT_TILE;
    copyKeys(from);
    for (; from <= lastKey; from += GRADIENT_TILE) {
        copyAsyncWait<0>();
        __syncthreads(); // these keys have come, the last ones have been read
        if (from + GRADIENT_TILE <= lastKey) {
            copyKeys(from + GRADIENT_TILE);
        }
        const BFloat16* tile = stageOf(from);
#pragma unroll 1
        for (int c = 0; c < GRADIENT_TILE; c += 8 * COLUMNS) {
            int key = from + c;
            bool before = key > warpPosition + WARP_ROWS - 1; // all the warp's queries stand before these keys
            bool beyond = window > 0 && key + 8 * COLUMNS - 1 <= warpPosition - window;
            if (before || beyond || warpPosition > lastKey) {
                continue;
            }
            float weights[M][COLUMNS][4] = {}; // [16 M, 8 · COLUMNS]
            float slopes[M][COLUMNS][4] = {};
            multiplyRows<D>(weights, queries, tile + c * D, laneAtRight);
            multiplyRows<D>(slopes, dOuts, tile + (GRADIENT_TILE + c) * D, laneAtRight);
            auto factsOf = [&](int m, int, int i) { return own[2 * m + i / 2]; };
            weightsAndSlopes(weights, slopes, scale, softCap, factsOf);
            bool diagonal = key + 8 * COLUMNS - 1 > warpPosition;
            bool edge = window > 0 && key <= warpPosition + WARP_ROWS - 1 - window;
            if (diagonal || edge) {
                int low = warpPosition + lane / 4; // the lane's first row
                auto visibleOf = [=](int m, int h) {
                    return VisibleColumns::ofQuery(low + 16 * m + 8 * h, key + lane % 4 * 2, window);
                };
                hide(slopes, 0.0f, visibleOf);
            }
            addRows<D>(gradient, slopes, tile + c * D, laneAt);
        }
    }
    __syncthreads(); // the last keys have been read
    writeGradient<D>(dQ + begin, stages, gradient, scale, warpRow, headDim, stride, count);
}

/** The tiles of queries that see the keys of a tile, one after the other: segments in order, heads of the group, rows. */
struct FlashReaders {
    const int *starts, *parents;
    int segments, segment, group, window;
    int firstKey, lastKey; // positions
    int reader, head, row; // the tile's segment, the head within the group, the first row within the segment
    int end;               // of the segment's rows that see the keys

    /** The position of row 0 of the reader. */
    __device__ __forceinline__ int origin() const { return historyOf(starts, parents, reader); }

    __device__ __forceinline__ bool finished() const { return reader >= segments; }

    /** Goes to the first tile of the reader or, if none of its rows sees the keys, of the next one. */
    __device__ __forceinline__ void enter() {
        while (!finished()) {
            row = max(firstKey - origin(), 0);
            end = starts[reader + 1] - starts[reader];
            end = window > 0 ? min(end, lastKey - origin() + window) : end;
            head = 0;
            if (row < end) {
                return;
            }
            next();
        }
    }

    __device__ __forceinline__ void next() { reader = nextReader(parents, segments, segment, reader); }

    __device__ __forceinline__ void advance() {
        row += GRADIENT_TILE;
        if (row >= end) {
            row = max(firstKey - origin(), 0);
            if (++head == group) {
                next();
                enter();
            }
        }
    }
};

template <int D>
__device__ __forceinline__ void flashKeyGradient(
        const BFloat16* dOut,
        const BFloat16* q,
        const BFloat16* k,
        const BFloat16* v,
        const float* facts,
        const int* starts,
        const int* parents,
        int segments,
        const int* tiles,
        int heads,
        int kvHeads,
        int headDim,
        float scale,
        int window,
        float softCap,
        BFloat16* dK,
        BFloat16* dV) {
    constexpr int M = WARP_TILES<D>;
    constexpr int WARP_ROWS = 16 * M;
    constexpr int COLUMNS = 2; // of 8 queries each, that are weighed together
    constexpr int STAGE = 2 * GRADIENT_TILE * D;
    constexpr bool VALUES_HELD = D != 64; // in registers, as the keys; otherwise they stay in shared memory
    DYNAMIC_SHARED(BFloat16, stages); // two of q [64, D] and dOut [64, D]; before them k [128, D] and v [128, D]
    BFloat16* valueTile = stages + (VALUES_HELD ? 1 : 2) * STAGE; // [128, D]
    float* factTiles = reinterpret_cast<float*>(stages + (VALUES_HELD ? 2 : 3) * STAGE); // two of [64, 2]
    int* kept = reinterpret_cast<int*>(factTiles + 2 * GRADIENT_TILE * 2); // [2] for the end: registers are scarce until then
    int segment = tiles[2 * blockIdx.x];
    int first = tiles[2 * blockIdx.x + 1];
    int kvHead = blockIdx.y;
    int firstRow = starts[segment] + first;
    int count = min(GRADIENT_ROWS, starts[segment + 1] - firstRow);
    int lane = threadIdx.x & 31;
    int laneAt = ::laneAt<D>();
    int laneAtRight = ::laneAtRight<D>();
    int warpRow = static_cast<int>(threadIdx.x) / 32 * WARP_ROWS;
    int stride = kvHeads * headDim;
    auto begin = [=](int row) { return static_cast<long long>(row) * stride + static_cast<int>(blockIdx.y) * headDim; };
    if (threadIdx.x == 0) {
        kept[0] = firstRow;
        kept[1] = count;
    }

    copyTiles<D, GRADIENT_ROWS, GRADIENT_THREADS<D>>(
            stages, k + begin(firstRow), valueTile, v + begin(firstRow), headDim, 0, stride, count, [](int r) { return r; });
    copyAsyncCommit();
    copyAsyncWait<0>();
    __syncthreads();
    unsigned keys[M][D / 16][4];
    unsigned values[M][D / 16][4];
    loadOwn<D>(keys, stages, warpRow, laneAt);
    if (VALUES_HELD) {
        loadOwn<D>(values, valueTile, warpRow, laneAt);
    }
    __syncthreads();

    FlashReaders tile = {starts, parents, segments, segment, heads / kvHeads, window, 0, 0, segment, 0, 0, 0};
    tile.firstKey = tile.origin() + first;
    tile.lastKey = tile.firstKey + count - 1;
    int warpKey = ofWarp(tile.firstKey + warpRow); // position
    auto copyQueries = [&](int stage) {
        BFloat16* to = stages + stage * STAGE;
        int from = starts[tile.reader] + tile.row;
        int ofHead = kvHead * tile.group + tile.head;
        long long at = static_cast<long long>(from) * heads + ofHead;
        int filled = tile.end - tile.row;
        copyTiles<D, GRADIENT_TILE, GRADIENT_THREADS<D>>(
                to, q + at * headDim, to + GRADIENT_TILE * D, dOut + at * headDim, headDim, 0, heads * headDim, filled,
                [](int r) { return r; });
        int r = threadIdx.x;
        if (r < GRADIENT_TILE) {
            long long vector = at + static_cast<long long>(min(r, filled - 1)) * heads;
            copyAsync8(factTiles + 2 * (stage * GRADIENT_TILE + r), facts + 2 * vector, r < filled);
        }
        copyAsyncCommit();
    };
    float keyGradient[M][D / 8][4] = {};
    float valueGradient[M][D / 8][4] = {};
    tile.enter();
    if (!tile.finished()) {
        copyQueries(0);
    }
    for (int stage = 0; !tile.finished(); stage ^= 1) {
        int position = tile.origin() + tile.row;
        copyAsyncWait<0>();
        __syncthreads(); // these queries have come, the last ones have been read
        tile.advance();
        if (!tile.finished()) {
            copyQueries(stage ^ 1);
        }
        const BFloat16* queries = stages + stage * STAGE;
        const float* factTile = factTiles + stage * GRADIENT_TILE * 2;
#pragma unroll 1
        for (int c = 0; c < GRADIENT_TILE; c += 8 * COLUMNS) {
            int query = position + c;
            bool before = query + 8 * COLUMNS - 1 < warpKey; // all these queries stand before the warp's keys
            bool beyond = window > 0 && query - (warpKey + WARP_ROWS - 1) >= window;
            if (before || beyond) {
                continue;
            }
            float weights[M][COLUMNS][4] = {}; // [16 M, 8 · COLUMNS]
            float slopes[M][COLUMNS][4] = {};
            multiplyRows<D>(weights, keys, queries + c * D, laneAtRight);
            if (!VALUES_HELD) {
                loadOwn<D>(values, valueTile, warpRow, laneAt);
            }
            multiplyRows<D>(slopes, values, queries + (GRADIENT_TILE + c) * D, laneAtRight);
            auto factsOf = [&](int, int n, int i) {
                return *reinterpret_cast<const float2*>(factTile + 2 * (c + 8 * n + lane % 4 * 2 + i % 2));
            };
            weightsAndSlopes(weights, slopes, scale, softCap, factsOf);
            bool diagonal = query < warpKey + WARP_ROWS - 1;
            bool edge = window > 0 && query + 8 * COLUMNS - 1 - warpKey >= window;
            if (diagonal || edge) {
                int low = warpKey + lane / 4; // the lane's first row
                auto visibleOf = [=](int m, int h) {
                    return VisibleColumns::ofKey(low + 16 * m + 8 * h, query + lane % 4 * 2, window);
                };
                hide(weights, 0.0f, visibleOf);
                hide(slopes, 0.0f, visibleOf);
            }
            addRows<D>(valueGradient, weights, queries + (GRADIENT_TILE + c) * D, laneAt);
            addRows<D>(keyGradient, slopes, queries + c * D, laneAt);
        }
    }
    __syncthreads(); // the last queries have been read
    firstRow = kept[0];
    count = kept[1];
    writeGradient<D>(dK + begin(firstRow), stages, keyGradient, scale, warpRow, headDim, stride, count);
    writeGradient<D>(dV + begin(firstRow), stages + STAGE, valueGradient, 1.0f, warpRow, headDim, stride, count);
}

// dOut, q, dQ [N, heads, headDim], headDim at most D and a multiple of 8; k, v [N, kvHeads, headDim]; facts [N, heads, 2];
// starts [S + 1]; parents [S], -1 for none; tiles [T, 2]: segment and first row within it, a multiple of 128; scale > 0;
// window and softCap 0 for none. All tensors 16-byte aligned. Threads: 256 for D = 128, else 128. Grid: (T, heads), shared
// memory 512 · D bytes.
#define FLASH_QUERY_GRADIENT(D)                                                                                              \
    KERNEL(flash_query_gradient_##D, GRADIENT_THREADS<D>,                                                                    \
           (const BFloat16* dOut, const BFloat16* q, const BFloat16* k, const BFloat16* v, const float* facts,               \
            const int* starts, const int* parents, const int* tiles, int heads, int kvHeads, int headDim, float scale,       \
            int window, float softCap, BFloat16* dQ)) {                                                                      \
        flashQueryGradient<D>(dOut, q, k, v, facts, starts, parents, tiles, heads, kvHeads, headDim, scale, window, softCap, \
                              dQ);                                                                                           \
    }

// The same, with S segments; dK, dV [N, kvHeads, headDim]. Grid: (T, kvHeads), shared memory 512 · D + 1040 bytes, for D = 64
// 768 · D + 1040.
#define FLASH_KEY_GRADIENT(D)                                                                                                \
    KERNEL(flash_key_gradient_##D, GRADIENT_THREADS<D>,                                                                      \
           (const BFloat16* dOut, const BFloat16* q, const BFloat16* k, const BFloat16* v, const float* facts,               \
            const int* starts, const int* parents, int segments, const int* tiles, int heads, int kvHeads, int headDim,      \
            float scale, int window, float softCap, BFloat16* dK, BFloat16* dV)) {                                           \
        flashKeyGradient<D>(dOut, q, k, v, facts, starts, parents, segments, tiles, heads, kvHeads, headDim, scale, window,  \
                            softCap, dK, dV);                                                                                \
    }
