// SPDX-License-Identifier: Apache-2.0
//
// Matrix products of sorted rows with the weights of their experts. A block computes 64 by 64 elements; moe_offsets says which
// expert and which rows a block has, so the host waits for nothing and starts blocks enough for the worst case.
//
// Decisions
// - One source for the product and both gradients: they differ in which operand has the summed dimension k contiguous.
// - F32: one chain of fused multiply-adds per element, over k in order: the bits of the reference.
// - BF16: tensor cores, F32 accumulators, 16 steps of k at a time in order. Row lengths must be multiples of 8, for copies of 16
//   bytes. Neither the row's place in a tile nor the other rows change an element's bits.
#include "moe.cuh"
#include "numbers.cuh"

constexpr int GROUPED_THREADS = 256;
constexpr int GROUPED_DEPTH = 16; // of k at a time
constexpr int GROUPED_STRIDE = MOE_TILE + 4;
static_assert(GROUPED_THREADS * 16 == MOE_TILE * MOE_TILE, "a thread has 4 by 4 elements");

/** A matrix whose element (i, k) is at i · ld + k, or at k · ld + i if k is not the contiguous dimension. */
template <class T>
struct Operand {
    const T* at;
    int ld, rows; // i below rows
};

/** Elements (i, j) = Σ over k in order of a(i, k) · b(j, k), from start(i, j) on, given to finish(i, j, element). */
template <bool A_ALONG_K, bool B_ALONG_K, class Start, class Finish>
__device__ __forceinline__ void groupedTile(Operand<float> a, Operand<float> b, int depth, Start start, Finish finish) {
    SHARED(float, aTile, GROUPED_DEPTH * GROUPED_STRIDE);
    SHARED(float, bTile, GROUPED_DEPTH * GROUPED_STRIDE);
    auto fetch = [=](Operand<float> from, bool alongK, int first, float* tile) {
#pragma unroll
        for (int n = 0; n < MOE_TILE * GROUPED_DEPTH; n += GROUPED_THREADS) {
            int element = n + static_cast<int>(threadIdx.x);
            int i = alongK ? element / GROUPED_DEPTH : element % MOE_TILE;
            int k = alongK ? element % GROUPED_DEPTH : element / MOE_TILE;
            bool inside = i < from.rows && first + k < depth;
            long long offset = alongK ? static_cast<long long>(i) * from.ld + first + k
                                      : static_cast<long long>(first + k) * from.ld + i;
            tile[k * GROUPED_STRIDE + i] = inside ? from.at[offset] : 0.0f;
        }
    };
    int firstRow = static_cast<int>(threadIdx.x) / 16 * 4;
    int firstColumn = static_cast<int>(threadIdx.x) % 16 * 4;
    float sums[4][4];
#pragma unroll
    for (int i = 0; i < 4; i++) {
#pragma unroll
        for (int j = 0; j < 4; j++) {
            bool inside = firstRow + i < a.rows && firstColumn + j < b.rows;
            sums[i][j] = inside ? start(firstRow + i, firstColumn + j) : 0.0f;
        }
    }
    for (int first = 0; first < depth; first += GROUPED_DEPTH) {
        fetch(a, A_ALONG_K, first, aTile);
        fetch(b, B_ALONG_K, first, bTile);
        __syncthreads();
        int count = min(GROUPED_DEPTH, depth - first);
#pragma unroll 4
        for (int k = 0; k < count; k++) {
            float4 x = *reinterpret_cast<const float4*>(aTile + k * GROUPED_STRIDE + firstRow);
            float4 y = *reinterpret_cast<const float4*>(bTile + k * GROUPED_STRIDE + firstColumn);
            float ofA[4] = {x.x, x.y, x.z, x.w};
            float ofB[4] = {y.x, y.y, y.z, y.w};
#pragma unroll
            for (int i = 0; i < 4; i++) {
#pragma unroll
                for (int j = 0; j < 4; j++) {
                    sums[i][j] = fmaf(ofA[i], ofB[j], sums[i][j]);
                }
            }
        }
        __syncthreads();
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
#pragma unroll
        for (int j = 0; j < 4; j++) {
            if (firstRow + i < a.rows && firstColumn + j < b.rows) {
                finish(firstRow + i, firstColumn + j, sums[i][j]);
            }
        }
    }
}

constexpr int TENSOR_DEPTH = 32;
constexpr int TENSOR_STAGES = 3;
constexpr int ALONG_K_STRIDE = TENSOR_DEPTH + 8; // 16 bytes more: eight rows of ldmatrix lie in different banks
constexpr int ACROSS_K_STRIDE = MOE_TILE + 8;
constexpr int TENSOR_TILE = MOE_TILE * ALONG_K_STRIDE;
static_assert(TENSOR_DEPTH * ACROSS_K_STRIDE <= TENSOR_TILE, "either layout fits");

/** Begins copying elements (0 .. 64, first .. first + 32). */
template <bool ALONG_K>
__device__ __forceinline__ void fetchTile(Operand<BFloat16> from, int first, int depth, BFloat16* tile) {
    int chunk = static_cast<int>(threadIdx.x); // of 8 numbers: as many as threads
    int i = ALONG_K ? chunk / 4 : chunk % 8 * 8;
    int k = ALONG_K ? chunk % 4 * 8 : chunk / 8;
    bool inside = i < from.rows && first + k < depth;
    long long offset = ALONG_K ? static_cast<long long>(i) * from.ld + first + k
                               : static_cast<long long>(first + k) * from.ld + i;
    copyAsync16(tile + (ALONG_K ? i * ALONG_K_STRIDE + k : k * ACROSS_K_STRIDE + i), from.at + (inside ? offset : 0), inside);
}

/** Four 8 by 8 tiles: (i, k), (i + 8, k), (i, k + 8), (i + 8, k + 8), or the middle two exchanged. */
template <bool ALONG_K>
__device__ __forceinline__ void loadFragments(unsigned (&tiles)[4], const BFloat16* tile, int i, int k, bool alongIFirst) {
    int which = static_cast<int>(threadIdx.x % 32) / 8;
    int line = static_cast<int>(threadIdx.x) % 8;
    int ofI = i + (alongIFirst ? which % 2 : which / 2) * 8;
    int ofK = k + (alongIFirst ? which / 2 : which % 2) * 8;
    if (ALONG_K) {
        loadTiles(tiles, tile + (ofI + line) * ALONG_K_STRIDE + ofK);
    } else {
        loadTilesTransposed(tiles, tile + (ofK + line) * ACROSS_K_STRIDE + ofI);
    }
}

/** As above on tensor cores: 8 warps of 32 by 16 elements. */
template <bool A_ALONG_K, bool B_ALONG_K, class Start, class Finish>
__device__ __forceinline__ void groupedTile(Operand<BFloat16> a, Operand<BFloat16> b, int depth, Start start, Finish finish) {
    SHARED(BFloat16, aTiles, TENSOR_STAGES * TENSOR_TILE);
    SHARED(BFloat16, bTiles, TENSOR_STAGES * TENSOR_TILE);
    int warp = static_cast<int>(threadIdx.x) / 32;
    int lane = static_cast<int>(threadIdx.x) % 32;
    int firstRow = warp / 4 * 32;
    int firstColumn = warp % 4 * 16;
    auto row = [=](int i, int r) { return firstRow + i * 16 + lane / 4 + r / 2 * 8; };
    auto column = [=](int j, int r) { return firstColumn + j * 8 + lane % 4 * 2 + r % 2; };
    float sums[2][2][4];
#pragma unroll
    for (int n = 0; n < 16; n++) {
        int i = row(n / 8, n % 4);
        int j = column(n / 4 % 2, n % 4);
        sums[n / 8][n / 4 % 2][n % 4] = i < a.rows && j < b.rows ? start(i, j) : 0.0f;
    }
    auto fetch = [=](int step) {
        int stage = step % TENSOR_STAGES * TENSOR_TILE;
        if (step * TENSOR_DEPTH < depth) {
            fetchTile<A_ALONG_K>(a, step * TENSOR_DEPTH, depth, aTiles + stage);
            fetchTile<B_ALONG_K>(b, step * TENSOR_DEPTH, depth, bTiles + stage);
        }
        copyAsyncCommit(); // an empty group keeps the count
    };
#pragma unroll
    for (int step = 0; step < TENSOR_STAGES - 1; step++) {
        fetch(step);
    }
    for (int step = 0; step * TENSOR_DEPTH < depth; step++) {
        copyAsyncWait<TENSOR_STAGES - 2>();
        __syncthreads(); // everyone's copies are there, and the stage that is fetched next has been read
        fetch(step + TENSOR_STAGES - 1);
        const BFloat16* aTile = aTiles + step % TENSOR_STAGES * TENSOR_TILE;
        const BFloat16* bTile = bTiles + step % TENSOR_STAGES * TENSOR_TILE;
#pragma unroll
        for (int k = 0; k < TENSOR_DEPTH; k += 16) {
            unsigned ofA[2][4];
            unsigned ofB[4];
            loadFragments<A_ALONG_K>(ofA[0], aTile, firstRow, k, true);
            loadFragments<A_ALONG_K>(ofA[1], aTile, firstRow + 16, k, true);
            loadFragments<B_ALONG_K>(ofB, bTile, firstColumn, k, false);
#pragma unroll
            for (int i = 0; i < 2; i++) {
#pragma unroll
                for (int j = 0; j < 2; j++) {
                    multiplyTile(sums[i][j], ofA[i], ofB[2 * j], ofB[2 * j + 1]);
                }
            }
        }
    }
    copyAsyncWait<0>();
#pragma unroll
    for (int n = 0; n < 16; n++) {
        int i = row(n / 8, n % 4);
        int j = column(n / 4 % 2, n % 4);
        if (i < a.rows && j < b.rows) {
            finish(i, j, sums[n / 8][n / 4 % 2][n % 4]);
        }
    }
}

/** out [rows, columns] = x [rows, depth] times the matrix of their expert: [columns, depth] if along k, else [depth, columns]. */
template <bool ALONG_K, class T>
__device__ __forceinline__ void groupedRows(
        const T* x, const T* weights, const int* tiles, const int* offsets, int columns, int depth, T* out) {
    int expert = tiles[2 * blockIdx.x];
    if (expert < 0) {
        return; // the whole block
    }
    long long row = tiles[2 * blockIdx.x + 1];
    int column = static_cast<int>(blockIdx.y) * MOE_TILE;
    Operand<T> a = {x + row * depth, depth, static_cast<int>(min(offsets[expert + 1] - row, static_cast<long long>(MOE_TILE)))};
    const T* matrix = weights + static_cast<long long>(expert) * columns * depth;
    Operand<T> b = {ALONG_K ? matrix + static_cast<long long>(column) * depth : matrix + column, ALONG_K ? depth : columns,
                    min(columns - column, MOE_TILE)};
    groupedTile<true, ALONG_K>(
            a, b, depth, [](int, int) { return 0.0f; },
            [=](int i, int j, float sum) { store(out + (row + i) * columns + column + j, sum); });
}

/** dWeights of an expert [m, k] = dOut [rows, m] transposed times x [rows, k]. */
template <class T>
__device__ __forceinline__ void groupedWeightGradient(
        const T* dOut, const T* x, const int* offsets, int m, int k, float* dWeights, int accumulate) {
    int across = (k + MOE_TILE - 1) / MOE_TILE;
    int row = static_cast<int>(blockIdx.x) / across * MOE_TILE;
    int column = static_cast<int>(blockIdx.x) % across * MOE_TILE;
    long long first = offsets[blockIdx.y];
    int depth = static_cast<int>(offsets[blockIdx.y + 1] - first);
    float* out = dWeights + (static_cast<long long>(blockIdx.y) * m + row) * k + column;
    Operand<T> a = {dOut + first * m + row, m, min(m - row, MOE_TILE)};
    Operand<T> b = {x + first * k + column, k, min(k - column, MOE_TILE)};
    groupedTile<false, false>(
            a, b, depth, [=](int i, int j) { return accumulate ? out[static_cast<long long>(i) * k + j] : 0.0f; },
            [=](int i, int j, float sum) { out[static_cast<long long>(i) * k + j] = sum; });
}

// x [rows, k], sorted by expert; weights [experts, m, k]; offsets [experts + 1] and tiles [maxTiles, 2] of moe_offsets;
// out [rows, m] = x · Wᵀ. Grid: (maxTiles, m / 64, rounded up). Then the gradients: dX [rows, k] = dOut · W, grid
// (maxTiles, k / 64, rounded up); dWeights [experts, m, k] = dOutᵀ · x in F32, added to what is there if accumulate, grid
// (m / 64 · k / 64, each rounded up, experts).
#define GROUPED_MATMUL(type, T)                                                                                        \
    KERNEL(grouped_matmul_##type, GROUPED_THREADS,                                                                     \
           (const T* x, const T* weights, const int* tiles, const int* offsets, int m, int k, T* out)) {               \
        groupedRows<true>(x, weights, tiles, offsets, m, k, out);                                                      \
    }                                                                                                                  \
    KERNEL(grouped_matmul_input_gradient_##type, GROUPED_THREADS,                                                      \
           (const T* dOut, const T* weights, const int* tiles, const int* offsets, int m, int k, T* dX)) {             \
        groupedRows<false>(dOut, weights, tiles, offsets, k, m, dX);                                                   \
    }                                                                                                                  \
    KERNEL(grouped_matmul_weight_gradient_##type, GROUPED_THREADS,                                                     \
           (const T* dOut, const T* x, const int* offsets, int m, int k, float* dWeights, int accumulate)) {           \
        groupedWeightGradient(dOut, x, offsets, m, k, dWeights, accumulate);                                           \
    }
GROUPED_MATMUL(f32, float)
GROUPED_MATMUL(bf16, BFloat16)
