// SPDX-License-Identifier: Apache-2.0
//
// Causal grouped-query attention over ragged segments, in the order of the reference: the maximum first, then the weights, their
// fixed sum by key position and the output as one chain over the keys. Computing the scores twice is what it costs to have the
// reference's bits; a running maximum would rescale the sums. Arithmetic is F32 whatever the storage: this is the kernel for
// F32 mode and the yardstick of the faster ones.
#include "attention.cuh"
#include "softcap.cuh"

constexpr int FORWARD_ROWS = 32;
constexpr int FORWARD_KEYS = 32;
constexpr int FORWARD_THREADS = FORWARD_ROWS * ROW_SHARERS;
constexpr int FORWARD_SCORES = FORWARD_KEYS / ROW_SHARERS; // per thread

/** One tile of queries (count rows from packed row firstRow, at positions from firstPosition on) of one head. */
template <int D, class T, class Keys>
__device__ __forceinline__ void attentionForward(
        const T* q,
        const T* k,
        const T* v,
        Keys keys,
        long long firstRow,
        int firstPosition,
        int count,
        int heads,
        int head,
        int headDim,
        float scale,
        int window,
        float softCap,
        T* out,
        float* stats) {
    SHARED(float, queries, FORWARD_ROWS * TILE_STRIDE<D>);
    SHARED(float, tile, FORWARD_KEYS * TILE_STRIDE<D>); // keys, then values
    SHARED(float, weights, FORWARD_ROWS * (FORWARD_KEYS + 1));
    int row = threadIdx.x / ROW_SHARERS;
    int sharer = threadIdx.x % ROW_SHARERS;
    int position = row < count ? firstPosition + row : -1; // rows beyond the end see nothing
    int lastKey = firstPosition + count - 1;
    int firstKey = firstVisible(firstPosition, window) / FORWARD_KEYS * FORWARD_KEYS;

    loadTile<D>(queries, FORWARD_ROWS, q, headDim, LEFT_SURPLUS, [=](int r) {
        return r < count ? ((firstRow + r) * heads + head) * headDim : -1LL;
    });
    float scores[FORWARD_SCORES];
    auto computeScores = [&](int from) {
        loadTile<D>(tile, FORWARD_KEYS, k, headDim, RIGHT_SURPLUS, [=](int r) {
            return from + r <= lastKey ? keys.offset(from + r) : -1LL;
        });
        __syncthreads();
        dotRows<D>(queries + row * TILE_STRIDE<D>, tile + sharer * TILE_STRIDE<D>, ROW_SHARERS, scores);
    };

    float largest = MINUS_INFINITY;
    for (int from = firstKey; from <= lastKey; from += FORWARD_KEYS) {
        computeScores(from);
#pragma unroll
        for (int n = 0; n < FORWARD_SCORES; n++) {
            if (isVisible(position, from + sharer + n * ROW_SHARERS, window)) {
                largest = maximum(largest, cappedScore(scores[n] * scale, softCap));
            }
        }
        __syncthreads();
    }
#pragma unroll
    for (int width = ROW_SHARERS / 2; width > 0; width /= 2) {
        largest = maximum(largest, __shfl_xor_sync(ALL_LANES, largest, width, ROW_SHARERS));
    }

    float sumLow = 0; // of keys with position mod 16 = sharer
    float sumHigh = 0; // sharer + 8
    float output[D / ROW_SHARERS] = {};
    float* own = weights + row * (FORWARD_KEYS + 1);
    for (int from = firstKey; from <= lastKey; from += FORWARD_KEYS) {
        computeScores(from);
#pragma unroll
        for (int n = 0; n < FORWARD_SCORES; n++) {
            int key = sharer + n * ROW_SHARERS;
            own[key] = isVisible(position, from + key, window)
                               ? naturalExp(cappedScore(scores[n] * scale, softCap) - largest)
                               : 0.0f;
        }
        __syncthreads(); // the keys have been read, the weights written
        loadTile<D>(tile, FORWARD_KEYS, v, headDim, RIGHT_SURPLUS, [=](int r) {
            return from + r <= lastKey ? keys.offset(from + r) : -1LL;
        });
        __syncthreads();
        sumLow = sumLow + own[sharer] + own[sharer + 2 * ROW_SHARERS];
        sumHigh = sumHigh + own[sharer + ROW_SHARERS] + own[sharer + 3 * ROW_SHARERS];
        int to = min(position - from, FORWARD_KEYS - 1);
        for (int key = max(firstVisible(position, window) - from, 0); key <= to; key++) {
            float weight = own[key];
#pragma unroll
            for (int i = 0; i < D / ROW_SHARERS; i++) {
                output[i] = fmaf(weight, tile[key * TILE_STRIDE<D> + sharer + i * ROW_SHARERS], output[i]);
            }
        }
        __syncthreads();
    }
    float sum = sumLow + sumHigh;
#pragma unroll
    for (int width = ROW_SHARERS / 2; width > 0; width /= 2) {
        sum += __shfl_xor_sync(ALL_LANES, sum, width, ROW_SHARERS);
    }
    if (row < count) {
        long long at = (firstRow + row) * heads + head;
        float inverse = 1.0f / sum;
#pragma unroll
        for (int i = 0; i < D / ROW_SHARERS; i++) {
            if (sharer + i * ROW_SHARERS < headDim) {
                store(out + at * headDim + sharer + i * ROW_SHARERS, output[i] * inverse);
            }
        }
        if (stats != nullptr && sharer == 0) {
            stats[2 * at] = largest;
            stats[2 * at + 1] = sum;
        }
    }
}

// q, out [N, heads, headDim]; k, v [N, kvHeads, headDim], headDim at most D; starts [S + 1]; parents [S], -1 for none; tiles
// [T, 2]: segment and first row within it, a multiple of 32; stats [N, heads, 2] or null. Grid: (T, heads).
#define ATTENTION(type, T, D)                                                                                          \
    KERNEL(attention_##type##_##D, FORWARD_THREADS,                                                                    \
           (const T* q, const T* k, const T* v, const int* starts, const int* parents, const int* tiles, int heads,    \
            int kvHeads, int headDim, float scale, int window, float softCap, T* out, float* stats)) {                 \
        int segment = tiles[2 * blockIdx.x];                                                                           \
        int first = tiles[2 * blockIdx.x + 1];                                                                         \
        int head = blockIdx.y;                                                                                         \
        PackedKeys keys(starts, parents, segment, kvHeads, head / (heads / kvHeads), headDim);                         \
        int count = min(FORWARD_ROWS, starts[segment + 1] - starts[segment] - first);                                  \
        attentionForward<D>(q, k, v, keys, starts[segment] + static_cast<long long>(first), keys.history + first,      \
                            count, heads, head, headDim, scale, window, softCap, out, stats);                          \
    }
ATTENTION(f32, float, 32)
ATTENTION(f32, float, 64)
ATTENTION(f32, float, 128)
ATTENTION(bf16, BFloat16, 32)
ATTENTION(bf16, BFloat16, 64)
ATTENTION(bf16, BFloat16, 128)

// As above over a cache: keyPages, valuePages [pages, kvHeads, 16, headDim]; pageTable [S, maxPages]; histories [S]: tokens in
// the cache before the segment's first; the segment's own keys are in the cache too. Grid: (T, heads).
#define ATTENTION_PAGED(type, T, D)                                                                                    \
    KERNEL(attention_paged_##type##_##D, FORWARD_THREADS,                                                              \
           (const T* q, const T* keyPages, const T* valuePages, const int* pageTable, int maxPages,                    \
            const int* starts, const int* histories, const int* tiles, int heads, int kvHeads, int headDim,            \
            float scale, int window, float softCap, T* out, float* stats)) {                                           \
        int segment = tiles[2 * blockIdx.x];                                                                           \
        int first = tiles[2 * blockIdx.x + 1];                                                                         \
        int head = blockIdx.y;                                                                                         \
        PagedKeys keys = {pageTable + static_cast<long long>(segment) * maxPages, kvHeads, head / (heads / kvHeads),   \
                          headDim};                                                                                    \
        int count = min(FORWARD_ROWS, starts[segment + 1] - starts[segment] - first);                                  \
        attentionForward<D>(q, keyPages, valuePages, keys, starts[segment] + static_cast<long long>(first),            \
                            histories[segment] + first, count, heads, head, headDim, scale, window, softCap, out,      \
                            stats);                                                                                    \
    }
ATTENTION_PAGED(f32, float, 32)
ATTENTION_PAGED(f32, float, 64)
ATTENTION_PAGED(f32, float, 128)
ATTENTION_PAGED(bf16, BFloat16, 32)
ATTENTION_PAGED(bf16, BFloat16, 64)
ATTENTION_PAGED(bf16, BFloat16, 128)
