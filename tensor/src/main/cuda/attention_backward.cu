// SPDX-License-Identifier: Apache-2.0
//
// Gradients of attention over a batch whose keys are all in the batch. Scores are computed again from q, k and the statistics
// that the forward pass left; nothing of size N² is stored.
//
// Two kernels, one that owns queries (dQ) and one that owns keys (dK, dV), so that every sum is one chain in the order of the
// reference and needs no atomics: dQ over the keys, dK and dV over the queries, segments in order, rows, then heads of the group.
#include "attention.cuh"
#include "softcap.cuh"

constexpr int BACKWARD_ROWS = 16;
constexpr int BACKWARD_THREADS = BACKWARD_ROWS * ROW_SHARERS;
constexpr int QUERY_KEYS = 32; // keys that a tile of queries looks at together
constexpr int KEY_ITEMS = 16;  // queries that a tile of keys looks at together

/** What a query's statistics and output make of a score. */
struct QueryFacts {
    float largest, inverse, delta;

    __device__ __forceinline__ QueryFacts(const float* stats, const float* deltas, long long at)
        : largest(stats[2 * at]), inverse(1.0f / stats[2 * at + 1]), delta(deltas[at]) {}

    __device__ __forceinline__ float weight(float score, float softCap) const {
        return naturalExp(cappedScore(score, softCap) - largest) * inverse;
    }

    /** The score is scaled; the gradient is that of the dot product. */
    __device__ __forceinline__ float slope(float weight, float dWeight, float scale, float score, float softCap) const {
        return throughCap(weight * (dWeight - delta) * scale, score, softCap);
    }
};

/** delta = fixed sum of dOut · out over a head: half a warp per (row, head). */
template <class T>
__device__ __forceinline__ void attentionDelta(const T* dOut, const T* out, long long count, int headDim, float* deltas) {
    long long at = (static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x) / SUM_LANES;
    int width = at < count ? headDim : 0;
    float sum = 0;
    for (int d = threadIdx.x % SUM_LANES; d < width; d += SUM_LANES) {
        sum = fmaf(load(dOut + at * headDim + d), load(out + at * headDim + d), sum);
    }
    sum = foldSixteen(sum);
    if (at < count && threadIdx.x % SUM_LANES == 0) {
        deltas[at] = sum;
    }
}

template <int D, class T>
__device__ __forceinline__ void attentionQueryGradient(
        const T* dOut,
        const T* q,
        const T* k,
        const T* v,
        const float* stats,
        const float* deltas,
        const int* starts,
        const int* parents,
        const int* tiles,
        int heads,
        int kvHeads,
        int headDim,
        float scale,
        int window,
        float softCap,
        T* dQ) {
    SHARED(float, queries, BACKWARD_ROWS * TILE_STRIDE<D>);
    SHARED(float, dOuts, BACKWARD_ROWS * TILE_STRIDE<D>);
    SHARED(float, tile, QUERY_KEYS * TILE_STRIDE<D>); // values, then keys
    SHARED(float, slopes, BACKWARD_ROWS * (QUERY_KEYS + 1));
    int segment = tiles[2 * blockIdx.x];
    int first = tiles[2 * blockIdx.x + 1];
    int head = blockIdx.y;
    PackedKeys keys(starts, parents, segment, kvHeads, head / (heads / kvHeads), headDim);
    int count = min(BACKWARD_ROWS, starts[segment + 1] - starts[segment] - first);
    long long firstRow = static_cast<long long>(starts[segment]) + first;
    int row = threadIdx.x / ROW_SHARERS;
    int sharer = threadIdx.x % ROW_SHARERS;
    int position = row < count ? keys.history + first + row : -1;
    int lastKey = keys.history + first + count - 1;
    long long at = (firstRow + min(row, count - 1)) * heads + head;
    QueryFacts facts(stats, deltas, at);

    auto queryOffset = [=](int r) { return r < count ? ((firstRow + r) * heads + head) * headDim : -1LL; };
    loadTile<D>(queries, BACKWARD_ROWS, q, headDim, LEFT_SURPLUS, queryOffset);
    loadTile<D>(dOuts, BACKWARD_ROWS, dOut, headDim, LEFT_SURPLUS, queryOffset);
    float gradient[D / ROW_SHARERS] = {};
    float* own = slopes + row * (QUERY_KEYS + 1);
    int from = firstVisible(keys.history + first, window) / QUERY_KEYS * QUERY_KEYS;
    for (; from <= lastKey; from += QUERY_KEYS) {
        auto keyOffset = [=](int r) { return from + r <= lastKey ? keys.offset(from + r) : -1LL; };
        float dWeights[QUERY_KEYS / ROW_SHARERS];
        float scores[QUERY_KEYS / ROW_SHARERS];
        loadTile<D>(tile, QUERY_KEYS, v, headDim, RIGHT_SURPLUS, keyOffset);
        __syncthreads();
        dotRows<D>(dOuts + row * TILE_STRIDE<D>, tile + sharer * TILE_STRIDE<D>, ROW_SHARERS, dWeights);
        __syncthreads();
        loadTile<D>(tile, QUERY_KEYS, k, headDim, RIGHT_SURPLUS, keyOffset);
        __syncthreads();
        dotRows<D>(queries + row * TILE_STRIDE<D>, tile + sharer * TILE_STRIDE<D>, ROW_SHARERS, scores);
#pragma unroll
        for (int n = 0; n < QUERY_KEYS / ROW_SHARERS; n++) {
            float score = scores[n] * scale;
            own[sharer + n * ROW_SHARERS] = facts.slope(facts.weight(score, softCap), dWeights[n], scale, score, softCap);
        }
        __syncwarp(); // a row's sharers are lanes of one warp
        int to = min(position - from, QUERY_KEYS - 1);
        for (int key = max(firstVisible(position, window) - from, 0); key <= to; key++) {
            float slope = own[key];
#pragma unroll
            for (int i = 0; i < D / ROW_SHARERS; i++) {
                gradient[i] = fmaf(slope, tile[key * TILE_STRIDE<D> + sharer + i * ROW_SHARERS], gradient[i]);
            }
        }
        __syncthreads();
    }
    if (row < count) {
#pragma unroll
        for (int i = 0; i < D / ROW_SHARERS; i++) {
            if (sharer + i * ROW_SHARERS < headDim) {
                store(dQ + at * headDim + sharer + i * ROW_SHARERS, gradient[i]);
            }
        }
    }
}

template <int D, class T>
__device__ __forceinline__ void attentionKeyGradient(
        const T* dOut,
        const T* q,
        const T* k,
        const T* v,
        const float* stats,
        const float* deltas,
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
        T* dK,
        T* dV) {
    SHARED(float, keyTile, BACKWARD_ROWS * TILE_STRIDE<D>);
    SHARED(float, valueTile, BACKWARD_ROWS * TILE_STRIDE<D>);
    SHARED(float, queries, KEY_ITEMS * TILE_STRIDE<D>);
    SHARED(float, dOuts, KEY_ITEMS * TILE_STRIDE<D>);
    SHARED(float, weights, BACKWARD_ROWS * (KEY_ITEMS + 1));
    SHARED(float, slopes, BACKWARD_ROWS * (KEY_ITEMS + 1));
    int segment = tiles[2 * blockIdx.x];
    int first = tiles[2 * blockIdx.x + 1];
    int kvHead = blockIdx.y;
    int group = heads / kvHeads;
    int history = historyOf(starts, parents, segment);
    int length = starts[segment + 1] - starts[segment];
    int count = min(BACKWARD_ROWS, length - first);
    long long firstRow = static_cast<long long>(starts[segment]) + first;
    int row = threadIdx.x / ROW_SHARERS;
    int sharer = threadIdx.x % ROW_SHARERS;
    int firstKey = history + first; // positions
    int lastKey = firstKey + count - 1;
    int key = firstKey + row;

    auto keyOffset = [=](int r) { return r < count ? ((firstRow + r) * kvHeads + kvHead) * headDim : -1LL; };
    loadTile<D>(keyTile, BACKWARD_ROWS, k, headDim, LEFT_SURPLUS, keyOffset);
    loadTile<D>(valueTile, BACKWARD_ROWS, v, headDim, LEFT_SURPLUS, keyOffset);
    float keyGradient[D / ROW_SHARERS] = {};
    float valueGradient[D / ROW_SHARERS] = {};
    for (int c = segment; c < segments; c = nextReader(parents, segments, segment, c)) {
        // Queries of segment c that see a key of this tile: rows [fromRow, toRow), each with the heads of the group.
        int before = c == segment ? history : length;
        int fromRow = max(firstKey - before, 0);
        int toRow = starts[c + 1] - starts[c];
        if (window > 0) {
            toRow = min(toRow, lastKey - before + window);
        }
        for (int item = fromRow * group; item < toRow * group; item += KEY_ITEMS) {
            auto rowHead = [=](int i) {
                return (static_cast<long long>(starts[c]) + (item + i) / group) * heads + kvHead * group + (item + i) % group;
            };
            auto itemOffset = [=](int i) { return item + i < toRow * group ? rowHead(i) * headDim : -1LL; };
            __syncthreads(); // the last items have been read
            loadTile<D>(queries, KEY_ITEMS, q, headDim, RIGHT_SURPLUS, itemOffset);
            loadTile<D>(dOuts, KEY_ITEMS, dOut, headDim, RIGHT_SURPLUS, itemOffset);
            __syncthreads();
            float scores[KEY_ITEMS / ROW_SHARERS];
            float dWeights[KEY_ITEMS / ROW_SHARERS];
            dotRows<D>(keyTile + row * TILE_STRIDE<D>, queries + sharer * TILE_STRIDE<D>, ROW_SHARERS, scores);
            dotRows<D>(valueTile + row * TILE_STRIDE<D>, dOuts + sharer * TILE_STRIDE<D>, ROW_SHARERS, dWeights);
#pragma unroll
            for (int n = 0; n < KEY_ITEMS / ROW_SHARERS; n++) {
                int i = sharer + n * ROW_SHARERS;
                if (item + i < toRow * group) {
                    QueryFacts facts(stats, deltas, rowHead(i));
                    float score = scores[n] * scale;
                    float weight = facts.weight(score, softCap);
                    weights[row * (KEY_ITEMS + 1) + i] = weight;
                    slopes[row * (KEY_ITEMS + 1) + i] = facts.slope(weight, dWeights[n], scale, score, softCap);
                }
            }
            __syncwarp(); // a key's sharers are lanes of one warp
            int items = min(KEY_ITEMS, toRow * group - item);
            for (int i = 0; i < items; i++) {
                if (isVisible(before + (item + i) / group, key, window)) {
                    float weight = weights[row * (KEY_ITEMS + 1) + i];
                    float slope = slopes[row * (KEY_ITEMS + 1) + i];
#pragma unroll
                    for (int d = 0; d < D / ROW_SHARERS; d++) {
                        int element = i * TILE_STRIDE<D> + sharer + d * ROW_SHARERS;
                        keyGradient[d] = fmaf(slope, queries[element], keyGradient[d]);
                        valueGradient[d] = fmaf(weight, dOuts[element], valueGradient[d]);
                    }
                }
            }
        }
    }
    if (row < count) {
        long long at = ((firstRow + row) * kvHeads + kvHead) * headDim + sharer;
#pragma unroll
        for (int d = 0; d < D / ROW_SHARERS; d++) {
            if (sharer + d * ROW_SHARERS < headDim) {
                store(dK + at + d * ROW_SHARERS, keyGradient[d]);
                store(dV + at + d * ROW_SHARERS, valueGradient[d]);
            }
        }
    }
}

// dOut, out [count, headDim], count = N · heads; deltas [count]. Grid: count / 16, rounded up.
#define ATTENTION_DELTA(type, T)                                                                                       \
    KERNEL(attention_delta_##type, 256, (const T* dOut, const T* out, long long count, int headDim, float* deltas)) {  \
        attentionDelta(dOut, out, count, headDim, deltas);                                                             \
    }
ATTENTION_DELTA(f32, float)
ATTENTION_DELTA(bf16, BFloat16)

// dOut, q, dQ [N, heads, headDim]; k, v [N, kvHeads, headDim], headDim at most D; stats [N, heads, 2]; deltas [N, heads]; starts
// [S + 1]; parents [S]; tiles [T, 2]: segment and first row within it, a multiple of 16. Grid: (T, heads).
#define ATTENTION_QUERY_GRADIENT(type, T, D)                                                                           \
    KERNEL(attention_query_gradient_##type##_##D, BACKWARD_THREADS,                                                    \
           (const T* dOut, const T* q, const T* k, const T* v, const float* stats, const float* deltas,                \
            const int* starts, const int* parents, const int* tiles, int heads, int kvHeads, int headDim, float scale, \
            int window, float softCap, T* dQ)) {                                                                       \
        attentionQueryGradient<D>(dOut, q, k, v, stats, deltas, starts, parents, tiles, heads, kvHeads, headDim,       \
                                  scale, window, softCap, dQ);                                                         \
    }

// The same, with S segments; dK, dV [N, kvHeads, headDim]. Grid: (T, kvHeads).
#define ATTENTION_KEY_GRADIENT(type, T, D)                                                                             \
    KERNEL(attention_key_gradient_##type##_##D, BACKWARD_THREADS,                                                      \
           (const T* dOut, const T* q, const T* k, const T* v, const float* stats, const float* deltas,                \
            const int* starts, const int* parents, int segments, const int* tiles, int heads, int kvHeads,             \
            int headDim, float scale, int window, float softCap, T* dK, T* dV)) {                                      \
        attentionKeyGradient<D>(dOut, q, k, v, stats, deltas, starts, parents, segments, tiles, heads, kvHeads,        \
                                headDim, scale, window, softCap, dK, dV);                                              \
    }

#define ATTENTION_GRADIENTS(type, T, D) ATTENTION_QUERY_GRADIENT(type, T, D) ATTENTION_KEY_GRADIENT(type, T, D)
ATTENTION_GRADIENTS(f32, float, 32)
ATTENTION_GRADIENTS(f32, float, 64)
ATTENTION_GRADIENTS(f32, float, 128)
ATTENTION_GRADIENTS(bf16, BFloat16, 32)
ATTENTION_GRADIENTS(bf16, BFloat16, 64)
ATTENTION_GRADIENTS(bf16, BFloat16, 128)
