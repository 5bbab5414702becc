// SPDX-License-Identifier: Apache-2.0
//
// Flash attention, forward: causal grouped-query attention in BF16 on the tensor cores with a running softmax.
//
// Decisions
// - A block has 128 queries of one head, 32 per warp: two left operands share every right operand that is read from shared
//   memory, which is what limits these products. Keys and values come in blocks of 64, the next ones while these are used; one
//   barrier per block of keys.
// - Queries stay in registers up to D = 64; above that they are read from shared memory again for each block of keys.
// - A row's bits depend on its query and keys alone: blocks of keys begin at multiples of 64 positions whatever the tile of
//   queries and the storage of the keys, sums within a block have one order, and a block without a visible key changes nothing
//   (weights 0, correction 2^0 = 1), so it makes no difference whether it is visited.
// - A source, and so a PTX text to compile, for each D: a model has one.
#pragma once
#include "flash.cuh"

constexpr int FLASH_THREADS = 128;
constexpr int FLASH_WARPS = FLASH_THREADS / 32;
constexpr int FLASH_QUERIES = 32 * FLASH_WARPS;
constexpr float NO_SCORE = -1e30f; // below every score, and finite: differences from it are numbers

/** A warp's queries: M tiles of 16 rows; a lane has rows lane / 4 and lane / 4 + 8 of each, hence [M][2] states. */
template <int D, int M>
struct FlashRows {
    float output[M][D / 8][4] = {}; // sums of weight · value so far
    float sum[M][2] = {};           // of the weights of this lane's columns
    float largest[M][2];            // score

    __device__ __forceinline__ FlashRows() {
#pragma unroll
        for (int i = 0; i < 2 * M; i++) {
            largest[i / 2][i % 2] = NO_SCORE;
        }
    }

    /** Takes in a block of keys: scores [16 M, 64], of which masked ones are -infinity, and their values. */
    __device__ __forceinline__ void add(
            const float (&scores)[M][FLASH_KEYS / 8][4], const BFloat16* values, int laneAt, float inBits) {
        float base[M][2];
        float correction[M][2];
        bool larger = false;
#pragma unroll
        for (int m = 0; m < M; m++) {
#pragma unroll
            for (int h = 0; h < 2; h++) {
                float most = largest[m][h];
#pragma unroll
                for (int n = 0; n < FLASH_KEYS / 8; n++) {
                    most = fmaxf(most, fmaxf(scores[m][n][2 * h], scores[m][n][2 * h + 1]));
                }
                most = fmaxf(most, __shfl_xor_sync(ALL_LANES, most, 1));
                most = fmaxf(most, __shfl_xor_sync(ALL_LANES, most, 2));
                base[m][h] = most * inBits;
                correction[m][h] = fastPowerOfTwo(largest[m][h] * inBits - base[m][h]);
                larger = larger || most > largest[m][h];
                largest[m][h] = most;
            }
        }
        if (__any_sync(ALL_LANES, larger)) { // otherwise all corrections are 1
#pragma unroll
            for (int m = 0; m < M; m++) {
#pragma unroll
                for (int h = 0; h < 2; h++) {
                    sum[m][h] *= correction[m][h];
#pragma unroll
                    for (int n = 0; n < D / 8; n++) {
                        output[m][n][2 * h] *= correction[m][h];
                        output[m][n][2 * h + 1] *= correction[m][h];
                    }
                }
            }
        }
#pragma unroll
        for (int k = 0; k < FLASH_KEYS / 16; k++) {
            unsigned weights[M][4]; // [16 M, 16]
#pragma unroll
            for (int m = 0; m < M; m++) {
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    int h = i % 2;
                    const float(&pair)[4] = scores[m][2 * k + i / 2];
                    float low = fastPowerOfTwo(fmaf(pair[2 * h], inBits, -base[m][h]));
                    float high = fastPowerOfTwo(fmaf(pair[2 * h + 1], inBits, -base[m][h]));
                    sum[m][h] += low + high;
                    weights[m][i] = bfloat16Pair(low, high);
                }
            }
#pragma unroll
            for (int n = 0; n < D / 16; n++) {
                unsigned b[4];
                loadRightTransposed(b, values + 16 * k * D, laneAt, n);
#pragma unroll
                for (int m = 0; m < M; m++) {
                    multiplyTile(output[m][2 * n], weights[m], b[0], b[1]);
                    multiplyTile(output[m][2 * n + 1], weights[m], b[2], b[3]);
                }
            }
        }
    }
};

/**
 * A tile of count queries: vectors firstVector, firstVector + vectorStep, ... of q and out. Those of a sequence stand at
 * positions from firstPosition on; in decoding all are heads of one new token there, at most 64, that share the head of the
 * keys.
 */
template <int D, bool decoding, class Keys>
__device__ __forceinline__ void flashForward(
        const BFloat16* q,
        const BFloat16* k,
        const BFloat16* v,
        Keys keys,
        int firstVector,
        int count,
        int firstPosition,
        int kvHead,
        int vectorStep,
        int kvHeads,
        int headDim,
        float scale,
        int window,
        float softCap,
        BFloat16* out,
        float* stats) {
    constexpr int M = decoding ? 1 : 2;
    constexpr int WARP_QUERIES = 16 * M;
    constexpr int QUERIES = FLASH_WARPS * WARP_QUERIES;
    constexpr bool HELD = D <= 64; // queries in registers
    constexpr int STAGE = 2 * FLASH_KEYS * D;
    DYNAMIC_SHARED(BFloat16, queries); // [QUERIES, D]; then two stages of keys [64, D] and values [64, D]; then kept [2]
    BFloat16* stages = queries + QUERIES * D;
    int* kept = reinterpret_cast<int*>(stages + 2 * STAGE); // not in registers, which are scarce in the loop
    if (threadIdx.x == 0) {
        kept[0] = firstVector;
        kept[1] = count;
    }
    int lane = threadIdx.x & 31;
    int laneAt = ::laneAt<D>();
    int laneAtRight = ::laneAtRight<D>();
    int warpRow = static_cast<int>(threadIdx.x) / 32 * WARP_QUERIES;
    int warpPosition = ofWarp(decoding ? firstPosition : firstPosition + warpRow);
    int lastPosition = decoding ? warpPosition : warpPosition + WARP_QUERIES - 1; // of the warp
    int lastKey = decoding ? firstPosition : firstPosition + count - 1;
    float inBits = sharpness(scale, softCap) * LOG2_E;
    auto stageOf = [=](int from) { return stages + from / FLASH_KEYS % 2 * STAGE; };
    auto copyKeys = [&](int from) {
        copyTiles<D, FLASH_KEYS, FLASH_THREADS>(
                stageOf(from), k, stageOf(from) + FLASH_KEYS * D, v, headDim, Keys::begin(kvHead, headDim),
                Keys::stride(kvHeads, headDim), lastKey + 1 - from, [&](int r) { return keys.row(from + r); });
        copyAsyncCommit();
    };

    int from = firstVisible(firstPosition, window) / FLASH_KEYS * FLASH_KEYS;
    copyTiles<D, QUERIES, FLASH_THREADS>(
            queries, q + static_cast<long long>(firstVector) * headDim, nullptr, nullptr, headDim, 0, vectorStep * headDim,
            count, [](int r) { return r; });
    copyKeys(from);
    unsigned left[HELD ? D / 16 : 1][M][4]; // of queries
    if (HELD) {
        copyAsyncWait<0>();
        __syncthreads();
#pragma unroll
        for (int d = 0; d < D / 16; d++) {
#pragma unroll
            for (int m = 0; m < M; m++) {
                loadLeft(left[HELD ? d : 0][m], queries + (warpRow + 16 * m) * D, laneAt, d);
            }
        }
    }

    FlashRows<D, M> rows;
    for (; from <= lastKey; from += FLASH_KEYS) {
        copyAsyncWait<0>();
        __syncthreads(); // these keys have come, the last ones have been read
        const BFloat16* keyTile = stageOf(from);
        if (from + FLASH_KEYS <= lastKey) {
            copyKeys(from + FLASH_KEYS);
        }
        bool before = from > lastPosition; // all the warp's queries stand before these keys
        bool beyond = window > 0 && from + FLASH_KEYS - 1 <= warpPosition - window;
        if (warpRow < kept[1] && !before && !beyond) {
            float scores[M][FLASH_KEYS / 8][4] = {}; // [16 M, 64]
#pragma unroll
            for (int d = 0; d < D / 16; d++) {
                if (!HELD) {
#pragma unroll
                    for (int m = 0; m < M; m++) {
                        loadLeft(left[0][m], queries + (warpRow + 16 * m) * D, laneAt, d);
                    }
                }
#pragma unroll
                for (int n = 0; n < FLASH_KEYS / 16; n++) {
                    unsigned b[4];
                    loadRight(b, keyTile + 16 * n * D, laneAtRight, d);
#pragma unroll
                    for (int m = 0; m < M; m++) {
                        multiplyTile(scores[m][2 * n], left[HELD ? d : 0][m], b[0], b[1]);
                        multiplyTile(scores[m][2 * n + 1], left[HELD ? d : 0][m], b[2], b[3]);
                    }
                }
            }
            if (softCap > 0) {
#pragma unroll
                for (int m = 0; m < M; m++) {
                    squash(scores[m], scale, softCap);
                }
            }
            bool diagonal = from + FLASH_KEYS - 1 > warpPosition;
            bool edge = window > 0 && from <= lastPosition - window;
            if (diagonal || edge) {
                hide(scores, MINUS_INFINITY, [=](int m, int h) {
                    int query = decoding ? warpPosition : warpPosition + 16 * m + 8 * h + lane / 4;
                    return VisibleColumns::ofQuery(query, from + lane % 4 * 2, window);
                });
            }
            rows.add(scores, keyTile + FLASH_KEYS * D, laneAt, inBits);
        }
    }

    firstVector = kept[0];
    count = kept[1];
    if (warpRow >= count) {
        return;
    }
    __syncwarp(); // the warp has read its queries, whose place the output takes
#pragma unroll
    for (int m = 0; m < M; m++) {
        float inverse[2];
#pragma unroll
        for (int h = 0; h < 2; h++) {
            float sum = rows.sum[m][h];
            sum += __shfl_xor_sync(ALL_LANES, sum, 1);
            sum += __shfl_xor_sync(ALL_LANES, sum, 2);
            inverse[h] = fastReciprocal(sum);
            int row = warpRow + 16 * m + 8 * h + lane / 4;
            if (stats != nullptr && row < count && lane % 4 == 0) {
                long long at = firstVector + static_cast<long long>(row) * vectorStep;
                stats[2 * at] = rows.largest[m][h] * sharpness(scale, softCap);
                stats[2 * at + 1] = sum;
            }
        }
        storeAccumulators<D>(queries, warpRow + 16 * m, rows.output[m], inverse[0], inverse[1]);
    }
    __syncwarp();
    writeRows<D, WARP_QUERIES>(
            out + static_cast<long long>(firstVector) * headDim, queries, warpRow, headDim, vectorStep * headDim, count);
}

// q, out [N, heads, headDim], headDim at most D and a multiple of 8; k, v [N, kvHeads, headDim]; starts [S + 1]; parents [S],
// -1 for none; tiles [T, 2]: segment and first row within it, of up to 128 rows; scale > 0; window and softCap 0 for none;
// stats [N, heads, 2] or null. All tensors 16-byte aligned. Grid: (T, heads), shared memory 768 · D + 16 bytes.
#define FLASH(D)                                                                                                             \
    KERNEL(flash_##D, FLASH_THREADS,                                                                                         \
           (const BFloat16* q, const BFloat16* k, const BFloat16* v, const int* starts, const int* parents, const int* tiles, \
            int heads, int kvHeads, int headDim, float scale, int window, float softCap, BFloat16* out, float* stats)) {     \
        int segment = tiles[2 * blockIdx.x];                                                                                 \
        int first = tiles[2 * blockIdx.x + 1];                                                                               \
        int head = blockIdx.y;                                                                                               \
        int row = starts[segment] + first;                                                                                   \
        FlashPackedKeys keys(starts, parents, segment);                                                                      \
        flashForward<D, false>(q, k, v, keys, row * heads + head, min(FLASH_QUERIES, starts[segment + 1] - row),             \
                               keys.history + first, head / (heads / kvHeads), heads, kvHeads, headDim, scale, window,       \
                               softCap, out, stats);                                                                         \
    }

// As above over a cache: keyPages, valuePages [pages, kvHeads, 16, headDim]; pageTable [S, maxPages]; histories [S]: tokens
// in the cache before the segment's first; the segment's own keys are in the cache too.
#define FLASH_PAGED(D)                                                                                                       \
    KERNEL(flash_paged_##D, FLASH_THREADS,                                                                                   \
           (const BFloat16* q, const BFloat16* keyPages, const BFloat16* valuePages, const int* pageTable, int maxPages,     \
            const int* starts, const int* histories, const int* tiles, int heads, int kvHeads, int headDim, float scale,     \
            int window, float softCap, BFloat16* out, float* stats)) {                                                       \
        int segment = tiles[2 * blockIdx.x];                                                                                 \
        int first = tiles[2 * blockIdx.x + 1];                                                                               \
        int head = blockIdx.y;                                                                                               \
        int row = starts[segment] + first;                                                                                   \
        FlashPagedKeys keys = {pageTable + static_cast<long long>(segment) * maxPages, FlashPagedKeys::PAGE * kvHeads};      \
        flashForward<D, false>(q, keyPages, valuePages, keys, row * heads + head,                                            \
                               min(FLASH_QUERIES, starts[segment + 1] - row), histories[segment] + first,                    \
                               head / (heads / kvHeads), heads, kvHeads, headDim, scale, window, softCap, out, stats);       \
    }

// One new token of each sequence, with the bits of the kernels above: q, out [S, heads, headDim], heads at most 64 · kvHeads;
// lengths [S]: keys of each sequence, the new token's among them. Grid: (S, kvHeads), shared memory 640 · D + 16 bytes.
#define FLASH_DECODE(D)                                                                                                      \
    KERNEL(flash_decode_##D, FLASH_THREADS,                                                                                  \
           (const BFloat16* q, const BFloat16* keyPages, const BFloat16* valuePages, const int* pageTable, int maxPages,     \
            const int* lengths, int heads, int kvHeads, int headDim, float scale, int window, float softCap,                 \
            BFloat16* out)) {                                                                                                \
        int sequence = blockIdx.x;                                                                                           \
        int kvHead = blockIdx.y;                                                                                             \
        int group = heads / kvHeads;                                                                                         \
        FlashPagedKeys keys = {pageTable + static_cast<long long>(sequence) * maxPages, FlashPagedKeys::PAGE * kvHeads};     \
        flashForward<D, true>(q, keyPages, valuePages, keys, sequence * heads + kvHead * group, group,                       \
                              lengths[sequence] - 1, kvHead, 1, kvHeads, headDim, scale, window, softCap, out, nullptr);     \
    }
