// SPDX-License-Identifier: Apache-2.0
//
// Attention of one new token per sequence over paged keys. One sequence alone would keep few processors busy, so its keys are
// split into stretches of DECODE_KEYS, each a block of its own; a second kernel puts the stretches together in order.
//
// The stretches are cut at fixed positions whatever the batch, so a sequence gets the same bits alone and in company. They are
// not the bits of the one-pass kernels: each stretch has a running maximum of its own.
#include "attention.cuh"
#include "softcap.cuh"

constexpr int DECODE_KEYS = 256;
constexpr int DECODE_TILE = 32; // a key per lane
constexpr int DECODE_WARPS = 8;
constexpr int DECODE_HEADS = 2; // per warp: up to 16 query heads share a key head

template <int D, class T>
__device__ __forceinline__ void decodeStretch(
        const T* q,
        const T* keyPages,
        const T* valuePages,
        const int* pageTable,
        int maxPages,
        const int* lengths,
        int splits,
        int heads,
        int kvHeads,
        int headDim,
        float scale,
        int window,
        float softCap,
        float* partials,
        float* partialStats) {
    SHARED(float, queries, DECODE_WARPS * DECODE_HEADS * TILE_STRIDE<D>);
    SHARED(float, keyTile, DECODE_TILE * TILE_STRIDE<D>);
    SHARED(float, valueTile, DECODE_TILE * TILE_STRIDE<D>);
    int sequence = blockIdx.x / splits;
    int split = blockIdx.x % splits;
    int kvHead = blockIdx.y;
    int group = heads / kvHeads;
    int position = lengths[sequence] - 1;
    int from = max(firstVisible(position, window), split * DECODE_KEYS);
    int to = min(position + 1, (split + 1) * DECODE_KEYS);
    if (from >= to) {
        return; // the whole block; no one reads this stretch
    }
    PagedKeys keys = {pageTable + static_cast<long long>(sequence) * maxPages, kvHeads, kvHead, headDim};
    int lane = threadIdx.x & 31;
    int warp = threadIdx.x >> 5;
    long long firstHead = static_cast<long long>(sequence) * heads + kvHead * group;
    loadTile<D>(queries, DECODE_WARPS * DECODE_HEADS, q, headDim, LEFT_SURPLUS, [=](int r) {
        return r < group ? (firstHead + r) * headDim : -1LL;
    });

    float largest[DECODE_HEADS];
    float sum[DECODE_HEADS];
    float output[DECODE_HEADS][D / 32] = {};
#pragma unroll
    for (int h = 0; h < DECODE_HEADS; h++) {
        largest[h] = MINUS_INFINITY;
        sum[h] = 0;
    }
    for (int tile = split * DECODE_KEYS; tile < to; tile += DECODE_TILE) {
        if (tile + DECODE_TILE <= from) {
            continue;
        }
        auto offset = [=](int r) { return tile + r >= from && tile + r < to ? keys.offset(tile + r) : -1LL; };
        __syncthreads();
        loadTile<D>(keyTile, DECODE_TILE, keyPages, headDim, RIGHT_SURPLUS, offset);
        loadTile<D>(valueTile, DECODE_TILE, valuePages, headDim, RIGHT_SURPLUS, offset);
        __syncthreads();
        bool visible = tile + lane >= from && tile + lane < to;
#pragma unroll
        for (int h = 0; h < DECODE_HEADS; h++) {
            int head = warp + h * DECODE_WARPS;
            if (head >= group) {
                break; // the whole warp
            }
            float dots[1];
            dotRows<D>(queries + head * TILE_STRIDE<D>, keyTile + lane * TILE_STRIDE<D>, 0, dots);
            float score = visible ? cappedScore(dots[0] * scale, softCap) : MINUS_INFINITY;
            float newLargest = score;
#pragma unroll
            for (int width = 16; width > 0; width /= 2) {
                newLargest = maximum(newLargest, __shfl_xor_sync(ALL_LANES, newLargest, width));
            }
            newLargest = maximum(newLargest, largest[h]);
            float correction = largest[h] == MINUS_INFINITY ? 0.0f : naturalExp(largest[h] - newLargest);
            float weight = visible ? naturalExp(score - newLargest) : 0.0f;
            float tileSum = weight;
#pragma unroll
            for (int width = 16; width > 0; width /= 2) {
                tileSum += __shfl_xor_sync(ALL_LANES, tileSum, width);
            }
            sum[h] = fmaf(sum[h], correction, tileSum);
            largest[h] = newLargest;
#pragma unroll
            for (int i = 0; i < D / 32; i++) {
                output[h][i] *= correction;
            }
            int begin = max(from - tile, 0);
            int end = min(to - tile, DECODE_TILE);
            for (int key = begin; key < end; key++) {
                float ofKey = __shfl_sync(ALL_LANES, weight, key);
#pragma unroll
                for (int i = 0; i < D / 32; i++) {
                    output[h][i] = fmaf(ofKey, valueTile[key * TILE_STRIDE<D> + lane + 32 * i], output[h][i]);
                }
            }
        }
    }
#pragma unroll
    for (int h = 0; h < DECODE_HEADS; h++) {
        int head = warp + h * DECODE_WARPS;
        if (head < group) {
            long long at = (firstHead + head) * splits + split;
#pragma unroll
            for (int i = 0; i < D / 32; i++) {
                if (lane + 32 * i < headDim) {
                    partials[at * headDim + lane + 32 * i] = output[h][i];
                }
            }
            if (lane == 0) {
                partialStats[2 * at] = largest[h];
                partialStats[2 * at + 1] = sum[h];
            }
        }
    }
}

template <class T>
__device__ __forceinline__ void decodeCombine(
        const float* partials, const float* partialStats, const int* lengths, int splits, int heads, int headDim, int window, T* out) {
    long long at = blockIdx.x;
    int position = lengths[blockIdx.x / heads] - 1;
    int first = firstVisible(position, window) / DECODE_KEYS;
    int last = position / DECODE_KEYS;
    const float* stats = partialStats + 2 * at * splits;
    float largest = MINUS_INFINITY;
    for (int split = first; split <= last; split++) {
        largest = maximum(largest, stats[2 * split]);
    }
    float sum = 0;
    for (int split = first; split <= last; split++) {
        sum = fmaf(stats[2 * split + 1], naturalExp(stats[2 * split] - largest), sum);
    }
    float inverse = 1.0f / sum;
    for (int d = threadIdx.x; d < headDim; d += blockDim.x) {
        float value = 0;
        for (int split = first; split <= last; split++) {
            value = fmaf(partials[(at * splits + split) * headDim + d], naturalExp(stats[2 * split] - largest), value);
        }
        store(out + at * headDim + d, value * inverse);
    }
}

// q [S, heads, headDim], heads at most 16 · kvHeads, headDim at most D; keyPages, valuePages [pages, kvHeads, 16, headDim];
// pageTable [S, maxPages]; lengths [S]: keys of each sequence, the new token's among them; partials [S, heads, splits, headDim];
// partialStats [S, heads, splits, 2]. splits = the longest sequence / 256, rounded up. Grid: (S · splits, kvHeads).
#define DECODE(type, T, D)                                                                                             \
    KERNEL(decode_##type##_##D, 32 * DECODE_WARPS,                                                                     \
           (const T* q, const T* keyPages, const T* valuePages, const int* pageTable, int maxPages,                    \
            const int* lengths, int splits, int heads, int kvHeads, int headDim, float scale, int window, float softCap,\
            float* partials, float* partialStats)) {                                                                   \
        decodeStretch<D>(q, keyPages, valuePages, pageTable, maxPages, lengths, splits, heads, kvHeads, headDim,       \
                         scale, window, softCap, partials, partialStats);                                              \
    }
DECODE(f32, float, 32)
DECODE(f32, float, 64)
DECODE(f32, float, 128)
DECODE(bf16, BFloat16, 32)
DECODE(bf16, BFloat16, 64)
DECODE(bf16, BFloat16, 128)

// out [S, heads, headDim]; the rest as above. Grid: S · heads.
#define DECODE_COMBINE(type, T)                                                                                        \
    KERNEL(decode_combine_##type, 128,                                                                                 \
           (const float* partials, const float* partialStats, const int* lengths, int splits, int heads, int headDim,  \
            int window, T* out)) {                                                                                     \
        decodeCombine(partials, partialStats, lengths, splits, heads, headDim, window, out);                           \
    }
DECODE_COMBINE(f32, float)
DECODE_COMBINE(bf16, BFloat16)
