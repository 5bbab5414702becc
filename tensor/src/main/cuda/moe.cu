// SPDX-License-Identifier: Apache-2.0
//
// Mixture of experts: which experts a token goes to, the tokens in order of their experts, and the way back.
//
// A pair is a token's slot, numbered token · k + slot; each pair has a row in the matrices that experts work on. Rows are sorted
// by expert and, within one, by pair. Counting and sorting go by chunks of pairs that a thread per expert reads in order: no
// atomics, and the same order always. Everything stays on the device: the host knows the number of pairs, and needs no more.
//
// Decisions
// - Of equal router logits the lower expert comes first. Weights are the softmax over all experts, in the fixed order of
//   summation, or that divided by its sum over the chosen ones.
// - The sum of a token's rows is over its slots in order, so its bits do not depend on who else goes to the same expert.
#include "exp.cuh"
#include "moe.cuh"
#include "order.cuh"
#include "sums.cuh"

constexpr int MOE_THREADS = 256; // and at most as many experts
constexpr int MOE_ROWS = MOE_THREADS / SUM_LANES;
constexpr int MOE_CHUNK = 1024; // pairs

/** What a softmax over experts needs; 16 lanes share a token, and its width is 0 beyond the last token. */
struct Router {
    const float* logits;
    float largest, inverse;

    __device__ __forceinline__ float probability(int expert) const { return naturalExp(logits[expert] - largest) * inverse; }
};

__device__ __forceinline__ Router routerOf(const float* logits, int width) {
    int lane = threadIdx.x % SUM_LANES;
    float largest = MINUS_INFINITY;
    for (int i = lane; i < width; i += SUM_LANES) {
        largest = maximum(largest, logits[i]);
    }
#pragma unroll
    for (int step = SUM_LANES / 2; step > 0; step /= 2) {
        largest = maximum(largest, __shfl_xor_sync(ALL_LANES, largest, step, SUM_LANES));
    }
    float sum = 0;
    for (int i = lane; i < width; i += SUM_LANES) {
        sum += naturalExp(logits[i] - largest);
    }
    return {logits, largest, 1.0f / foldSixteen(sum)};
}

// logits [tokens, experts], experts at most 256; chosen, weights [tokens, k], k at most experts; normalize: weights add up to 1.
// Grid: tokens / 16, rounded up.
KERNEL(moe_route_f32, MOE_THREADS,
       (const float* logits, int tokens, int experts, int k, int normalize, int* chosen, float* weights)) {
    int lane = threadIdx.x % SUM_LANES;
    long long token = static_cast<long long>(blockIdx.x) * MOE_ROWS + threadIdx.x / SUM_LANES;
    int width = token < tokens ? experts : 0;
    const float* row = logits + token * experts;
    Router router = routerOf(row, width);
    unsigned taken = 0; // of the lane's own experts
    float sum = 0;
    for (int slot = 0; slot < k; slot++) {
        unsigned long long best = 0;
        for (int i = lane; i < width; i += SUM_LANES) {
            // + 0 makes -0 equal to it; the lower of two equals has the larger second half
            unsigned long long rank = static_cast<unsigned long long>(orderOf(row[i] + 0.0f)) << 32 | (0xFFFFFFFFu - i);
            best = (taken >> (i / SUM_LANES) & 1) == 0 && rank > best ? rank : best;
        }
#pragma unroll
        for (int step = SUM_LANES / 2; step > 0; step /= 2) {
            unsigned long long other = __shfl_xor_sync(ALL_LANES, best, step, SUM_LANES);
            best = other > best ? other : best;
        }
        if (width > 0) {
            int expert = static_cast<int>(0xFFFFFFFFu - static_cast<unsigned>(best));
            float p = router.probability(expert);
            sum += p;
            if (expert % SUM_LANES == lane) {
                taken |= 1u << (expert / SUM_LANES);
            }
            if (lane == 0) {
                chosen[token * k + slot] = expert;
                weights[token * k + slot] = p;
            }
        }
    }
    if (normalize && width > 0 && lane == 0) {
        for (int slot = 0; slot < k; slot++) {
            weights[token * k + slot] /= sum;
        }
    }
}

// dLogits [tokens, experts]; the rest as above. Of w = p / Σ p over the chosen it is w · (dw - Σ w · dw), 0 elsewhere; of w = p
// it is p · ((dw, 0 elsewhere) - Σ p · dw). Grid: tokens / 16, rounded up.
KERNEL(moe_route_backward_f32, MOE_THREADS,
       (const float* logits, const int* chosen, const float* dWeights, int tokens, int experts, int k, int normalize,
        float* dLogits)) {
    int lane = threadIdx.x % SUM_LANES;
    long long token = static_cast<long long>(blockIdx.x) * MOE_ROWS + threadIdx.x / SUM_LANES;
    int width = token < tokens ? experts : 0;
    Router router = routerOf(logits + token * experts, width);
    if (width == 0) {
        return; // there are no more shuffles
    }
    float sum = 0;
    for (int slot = 0; slot < k; slot++) {
        sum += router.probability(chosen[token * k + slot]);
    }
    float scale = normalize ? 1.0f / sum : 1.0f;
    float dot = 0;
    for (int slot = 0; slot < k; slot++) {
        dot = fmaf(router.probability(chosen[token * k + slot]) * scale, dWeights[token * k + slot], dot);
    }
    for (int i = lane; i < width; i += SUM_LANES) {
        float p = router.probability(i) * scale;
        float gradient = normalize ? 0.0f : -(p * dot);
        for (int slot = 0; slot < k; slot++) {
            gradient = chosen[token * k + slot] == i ? p * (dWeights[token * k + slot] - dot) : gradient;
        }
        dLogits[token * experts + i] = gradient;
    }
}

__device__ __forceinline__ float sigmoid(float x) { return 1.0f / (1.0f + naturalExp(-x)); }

/** In the order of Float.compare with -0 equal to 0; NaN, whatever its bits, is above all. */
__device__ __forceinline__ unsigned rankOf(float x) { return x != x ? 0xFFFFFFFFu : orderOf(x + 0.0f); }

/** How a token judges experts by sigmoids; 16 lanes share a token. */
struct Judge {
    const float* logits;
    const float* correction; // null for zeros
    const int* kept;         // of each group, null for all
    int groupSize;

    __device__ __forceinline__ float alone(int expert) const {
        return sigmoid(logits[expert]) + (correction == nullptr ? 0.0f : correction[expert]);
    }

    __device__ __forceinline__ float operator()(int expert) const {
        return kept == nullptr || kept[expert / groupSize] != 0 ? alone(expert) : 0.0f;
    }
};

/** Sum of the two best experts of a group. */
__device__ __forceinline__ float bestPair(const Judge& judge, int group) {
    float first = MINUS_INFINITY;
    float second = MINUS_INFINITY;
    for (int i = group * judge.groupSize; i < (group + 1) * judge.groupSize; i++) {
        float x = judge.alone(i);
        if (rankOf(x) > rankOf(first)) {
            second = first;
            first = x;
        } else if (rankOf(x) > rankOf(second)) {
            second = x;
        }
    }
    return first + second;
}

// logits [tokens, experts], experts at most 256; correction [experts] or null; groups divides experts; chosen, weights
// [tokens, k], k at most experts. Grid: tokens / 16, rounded up.
KERNEL(moe_route_sigmoid_f32, MOE_THREADS,
       (const float* logits, const float* correction, int tokens, int experts, int k, int normalize, float scale, int groups,
        int keptGroups, int* chosen, float* weights)) {
    SHARED(float, bests, MOE_ROWS * MOE_THREADS);
    SHARED(int, kepts, MOE_ROWS * MOE_THREADS);
    int lane = threadIdx.x % SUM_LANES;
    int row = static_cast<int>(threadIdx.x) / SUM_LANES;
    long long token = static_cast<long long>(blockIdx.x) * MOE_ROWS + row;
    int width = token < tokens ? experts : 0;
    float* best = bests + row * MOE_THREADS;
    int* kept = kepts + row * MOE_THREADS;
    Judge judge = {logits + token * experts, correction, nullptr, experts / groups};
    int competing = width > 0 && keptGroups < groups ? groups : 0;
    for (int group = lane; group < competing; group += SUM_LANES) {
        best[group] = bestPair(judge, group);
    }
    __syncthreads();
    for (int group = lane; group < competing; group += SUM_LANES) {
        int ahead = 0;
        for (int other = 0; other < groups; other++) {
            bool wins = other < group ? rankOf(best[group]) <= rankOf(best[other]) : rankOf(best[other]) > rankOf(best[group]);
            ahead += other != group && wins;
        }
        kept[group] = ahead < keptGroups;
    }
    __syncthreads();
    judge.kept = competing > 0 ? kept : nullptr;
    unsigned taken = 0; // of the lane's own experts
    float sum = 0;
    for (int slot = 0; slot < k; slot++) {
        unsigned long long winner = 0;
        for (int i = lane; i < width; i += SUM_LANES) {
            // the lower of two equals has the larger second half
            unsigned long long rank = static_cast<unsigned long long>(rankOf(judge(i))) << 32 | (0xFFFFFFFFu - i);
            winner = (taken >> (i / SUM_LANES) & 1) == 0 && rank > winner ? rank : winner;
        }
#pragma unroll
        for (int step = SUM_LANES / 2; step > 0; step /= 2) {
            unsigned long long other = __shfl_xor_sync(ALL_LANES, winner, step, SUM_LANES);
            winner = other > winner ? other : winner;
        }
        if (width > 0) {
            int expert = static_cast<int>(0xFFFFFFFFu - static_cast<unsigned>(winner));
            float weight = sigmoid(judge.logits[expert]);
            sum += weight;
            if (expert % SUM_LANES == lane) {
                taken |= 1u << (expert / SUM_LANES);
            }
            if (lane == 0) {
                chosen[token * k + slot] = expert;
                weights[token * k + slot] = weight;
            }
        }
    }
    if (width > 0 && lane == 0) {
        float factor = normalize ? scale / (sum + 1e-20f) : scale;
        for (int slot = 0; slot < k; slot++) {
            weights[token * k + slot] *= factor;
        }
    }
}

// dLogits [tokens, experts]; the rest as above. A thread has a token. Grid: tokens / 256, rounded up.
KERNEL(moe_route_sigmoid_backward_f32, MOE_THREADS,
       (const float* logits, const int* chosen, const float* dWeights, int tokens, int experts, int k, int normalize,
        float scale, float* dLogits)) {
    long long token = static_cast<long long>(blockIdx.x) * MOE_THREADS + threadIdx.x;
    if (token >= tokens) {
        return;
    }
    const float* row = logits + token * experts;
    const int* own = chosen + token * k;
    const float* given = dWeights + token * k;
    float sum = 1e-20f;
    for (int slot = 0; slot < k; slot++) {
        sum += sigmoid(row[own[slot]]);
    }
    float dot = 0;
    for (int slot = 0; slot < k && normalize; slot++) {
        dot = fmaf(sigmoid(row[own[slot]]) / sum, given[slot], dot);
    }
    float factor = normalize ? scale / sum : scale;
    float* to = dLogits + token * experts;
    for (int i = 0; i < experts; i++) {
        to[i] = 0;
    }
    for (int slot = 0; slot < k; slot++) {
        float s = sigmoid(row[own[slot]]);
        to[own[slot]] = factor * (given[slot] - dot) * (s * (1.0f - s));
    }
}

/** Brings a chunk of pairs' experts near; -1 beyond the last pair. */
__device__ __forceinline__ const int* expertsOfChunk(const int* chosen, int pairs) {
    SHARED(int, ids, MOE_CHUNK);
    for (int i = threadIdx.x; i < MOE_CHUNK; i += MOE_THREADS) {
        int pair = static_cast<int>(blockIdx.x) * MOE_CHUNK + i;
        ids[i] = pair < pairs ? chosen[pair] : -1;
    }
    __syncthreads();
    return ids;
}

// chosen [pairs]; counts [chunks, experts]. Grid: chunks = pairs / 1024, rounded up.
KERNEL(moe_count, MOE_THREADS, (const int* chosen, int pairs, int experts, int* counts)) {
    const int* ids = expertsOfChunk(chosen, pairs);
    int expert = threadIdx.x;
    if (expert < experts) {
        int count = 0;
        for (int i = 0; i < MOE_CHUNK; i++) {
            count += ids[i] == expert;
        }
        counts[static_cast<long long>(blockIdx.x) * experts + expert] = count;
    }
}

// counts [chunks, experts], replaced by each chunk's first row for an expert; offsets [experts + 1]: where each expert's rows
// begin; tiles [maxTiles, 2]: the expert and the first row of each 64 rows of one expert, -1 behind the last. maxTiles at least
// pairs / 64 + experts. Grid: 1.
KERNEL(moe_offsets, MOE_THREADS, (int* counts, int chunks, int experts, int* offsets, int* tiles, int maxTiles)) {
    SHARED(int, rows, MOE_THREADS + 1);
    SHARED(int, tileStarts, MOE_THREADS + 1);
    int expert = threadIdx.x;
    int count = 0;
    if (expert < experts) {
        for (int chunk = 0; chunk < chunks; chunk++) {
            int* at = counts + static_cast<long long>(chunk) * experts + expert;
            int ofChunk = *at;
            *at = count;
            count += ofChunk;
        }
    }
    rows[expert + 1] = count;
    __syncthreads();
    if (threadIdx.x == 0) {
        rows[0] = 0;
        tileStarts[0] = 0;
        for (int e = 0; e < MOE_THREADS; e++) {
            tileStarts[e + 1] = tileStarts[e] + (rows[e + 1] + MOE_TILE - 1) / MOE_TILE;
            rows[e + 1] += rows[e];
        }
    }
    __syncthreads();
    if (expert < experts) {
        for (int chunk = 0; chunk < chunks; chunk++) {
            counts[static_cast<long long>(chunk) * experts + expert] += rows[expert];
        }
        for (int tile = tileStarts[expert]; tile < tileStarts[expert + 1]; tile++) {
            tiles[2 * tile] = expert;
            tiles[2 * tile + 1] = rows[expert] + (tile - tileStarts[expert]) * MOE_TILE;
        }
    }
    for (int e = threadIdx.x; e <= experts; e += MOE_THREADS) {
        offsets[e] = rows[e];
    }
    for (int tile = tileStarts[MOE_THREADS] + static_cast<int>(threadIdx.x); tile < maxTiles; tile += MOE_THREADS) {
        tiles[2 * tile] = -1;
        tiles[2 * tile + 1] = -1;
    }
}

// chosen, rowOfPair, tokenOfRow [pairs]; starts [chunks, experts] as moe_offsets left counts. tokenOfRow is what gather_rows
// takes to bring tokens into order. Grid: chunks.
KERNEL(moe_order, MOE_THREADS,
       (const int* chosen, const int* starts, int pairs, int experts, int k, int* rowOfPair, int* tokenOfRow)) {
    const int* ids = expertsOfChunk(chosen, pairs);
    int expert = threadIdx.x;
    if (expert < experts) {
        int row = starts[static_cast<long long>(blockIdx.x) * experts + expert];
        for (int i = 0; i < MOE_CHUNK; i++) {
            if (ids[i] == expert) {
                int pair = static_cast<int>(blockIdx.x) * MOE_CHUNK + i;
                rowOfPair[pair] = row;
                tokenOfRow[row] = pair / k;
                row++;
            }
        }
    }
}

template <class T>
__device__ __forceinline__ void moeCombine(const T* rows, const int* rowOfPair, const float* weights, int k, int d, T* out) {
    long long first = static_cast<long long>(blockIdx.x) * k;
    for (int i = threadIdx.x; i < d; i += MOE_THREADS) {
        float sum = 0;
        for (int slot = 0; slot < k; slot++) {
            float weight = weights == nullptr ? 1.0f : weights[first + slot];
            sum = fmaf(weight, load(rows + static_cast<long long>(rowOfPair[first + slot]) * d + i), sum);
        }
        store(out + static_cast<long long>(blockIdx.x) * d + i, sum);
    }
}

template <class T>
__device__ __forceinline__ void moeCombineBackward(
        const T* dOut,
        const T* rows,
        const int* rowOfPair,
        const float* weights,
        int pairs,
        int k,
        int d,
        T* dRows,
        float* dWeights) {
    int lane = threadIdx.x % SUM_LANES;
    long long pair = static_cast<long long>(blockIdx.x) * MOE_ROWS + threadIdx.x / SUM_LANES;
    bool any = pair < pairs;
    int width = any ? d : 0; // pairs beyond the end take part in the shuffles only
    long long row = any ? rowOfPair[pair] : 0;
    float weight = any ? weights[pair] : 0;
    const T* gradient = dOut + pair / k * d;
    float sum = 0;
#pragma unroll 4
    for (int i = lane; i < width; i += SUM_LANES) {
        float g = load(gradient + i);
        sum = fmaf(g, load(rows + row * d + i), sum);
        store(dRows + row * d + i, weight * g);
    }
    sum = foldSixteen(sum);
    if (any && lane == 0) {
        dWeights[pair] = sum;
    }
}

// rows [tokens · k, d]; rowOfPair, weights (or null: 1) [tokens, k]; out [tokens, d]. Without weights it is the gradient of
// bringing tokens into order. Grid: tokens.
#define MOE_COMBINE(type, T)                                                                                           \
    KERNEL(moe_combine_##type, MOE_THREADS,                                                                            \
           (const T* rows, const int* rowOfPair, const float* weights, int k, int d, T* out)) {                        \
        moeCombine(rows, rowOfPair, weights, k, d, out);                                                               \
    }
MOE_COMBINE(f32, float)
MOE_COMBINE(bf16, BFloat16)

// dOut [tokens, d]; rows, dRows [pairs, d], may be the same; rowOfPair, weights, dWeights [pairs]. Grid: pairs / 16, rounded up.
#define MOE_COMBINE_BACKWARD(type, T)                                                                                  \
    KERNEL(moe_combine_backward_##type, MOE_THREADS,                                                                   \
           (const T* dOut, const T* rows, const int* rowOfPair, const float* weights, int pairs, int k, int d,         \
            T* dRows, float* dWeights)) {                                                                              \
        moeCombineBackward(dOut, rows, rowOfPair, weights, pairs, k, d, dRows, dWeights);                              \
    }
MOE_COMBINE_BACKWARD(f32, float)
MOE_COMBINE_BACKWARD(bf16, BFloat16)

// biases [experts, m]; tiles, offsets as moe_offsets left them; rows [pairs, m]. Grid: tiles.
#define MOE_ADD_BIASES(type, T)                                                                                        \
    KERNEL(moe_add_biases_##type, MOE_THREADS,                                                                         \
           (const float* biases, const int* tiles, const int* offsets, int m, T* rows)) {                              \
        int expert = tiles[2 * blockIdx.x];                                                                            \
        if (expert < 0) {                                                                                              \
            return;                                                                                                    \
        }                                                                                                              \
        int first = tiles[2 * blockIdx.x + 1];                                                                         \
        int count = min(MOE_TILE, offsets[expert + 1] - first);                                                        \
        for (int i = threadIdx.x; i < count * m; i += MOE_THREADS) {                                                   \
            T* at = rows + static_cast<long long>(first) * m + i;                                                      \
            store(at, load(at) + biases[static_cast<long long>(expert) * m + i % m]);                                  \
        }                                                                                                              \
    }
MOE_ADD_BIASES(f32, float)
MOE_ADD_BIASES(bf16, BFloat16)

// dOut [pairs, m]; dBiases [experts, m], added to. A thread has a column. Grid: m / 256, rounded up, by experts.
#define MOE_BIASES_GRADIENT(type, T)                                                                                   \
    KERNEL(moe_biases_gradient_##type, MOE_THREADS, (const T* dOut, const int* offsets, int m, float* dBiases)) {      \
        int column = static_cast<int>(blockIdx.x) * MOE_THREADS + static_cast<int>(threadIdx.x);                       \
        int expert = blockIdx.y;                                                                                       \
        if (column >= m || offsets[expert] == offsets[expert + 1]) {                                                   \
            return;                                                                                                    \
        }                                                                                                              \
        float* to = dBiases + static_cast<long long>(expert) * m + column;                                             \
        float sum = *to;                                                                                               \
        for (int row = offsets[expert]; row < offsets[expert + 1]; row++) {                                            \
            sum += load(dOut + static_cast<long long>(row) * m + column);                                              \
        }                                                                                                              \
        *to = sum;                                                                                                     \
    }
MOE_BIASES_GRADIENT(f32, float)
MOE_BIASES_GRADIENT(bf16, BFloat16)
