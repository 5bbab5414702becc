// SPDX-License-Identifier: Apache-2.0
//
// Conversions between number formats (to nearest, ties to even), filling, and dense copies of strided matrices.
#include "vectors.cuh"

constexpr int COPY_TILE = 32; // rows and columns

/** Tiles through shared memory, so that both sides are read and written in runs whichever stride is 1. */
template <class T>
__device__ __forceinline__ void copyMatrix(const T* x, long long rowStride, long long columnStride, int rows, int columns, T* out) {
    constexpr int N = VECTOR<T>;
    constexpr int AHEAD = 4;
    int column = blockIdx.x * COPY_TILE;
    int row = blockIdx.y * COPY_TILE;
    if (columnStride == 1 && rowStride % N == 0 && columns % N == 0 && isAligned<N>(x) && isAligned<N>(out)) {
        constexpr int ACROSS = COPY_TILE / N;
        for (int i = threadIdx.x; i < COPY_TILE * ACROSS; i += blockDim.x) {
            int r = row + i / ACROSS;
            int c = column + i % ACROSS * N;
            if (r < rows && c < columns) {
                storeVector(out + static_cast<long long>(r) * columns + c, loadVector<N>(x + r * rowStride + c));
            }
        }
        return;
    }
    SHARED(T, tile, COPY_TILE * (COPY_TILE + 1));
    bool byColumns = columnStride != 1; // then neighbouring threads read neighbouring rows
    T loaded[AHEAD];
    forEachAhead<AHEAD>(
            wholeBlock(),
            COPY_TILE * COPY_TILE,
            [&](int u, long long i) {
                int r = row + static_cast<int>(byColumns ? i % COPY_TILE : i / COPY_TILE);
                int c = column + static_cast<int>(byColumns ? i / COPY_TILE : i % COPY_TILE);
                if (r < rows && c < columns) {
                    loaded[u] = x[r * rowStride + c * columnStride];
                }
            },
            [&](int u, long long i) {
                int at = static_cast<int>(
                        byColumns ? i % COPY_TILE * (COPY_TILE + 1) + i / COPY_TILE
                                  : i / COPY_TILE * (COPY_TILE + 1) + i % COPY_TILE);
                tile[at] = loaded[u]; // outside the matrix anything
            });
    __syncthreads();
    for (int i = threadIdx.x; i < COPY_TILE * COPY_TILE; i += blockDim.x) {
        int r = row + i / COPY_TILE;
        int c = column + i % COPY_TILE;
        if (r < rows && c < columns) {
            out[static_cast<long long>(r) * columns + c] = tile[i / COPY_TILE * (COPY_TILE + 1) + i % COPY_TILE];
        }
    }
}

// x, out [n]. Any grid.
#define CONVERT(from, From, to, To)                                                                                    \
    KERNEL(convert_##from##_to_##to, 256, (const From* x, long long n, To* out)) {                                     \
        map(x, n, out, [](float value) { return value; });                                                             \
    }
CONVERT(f32, float, bf16, BFloat16)
CONVERT(f32, float, f16, Half)
CONVERT(bf16, BFloat16, f32, float)
CONVERT(f16, Half, f32, float)
CONVERT(bf16, BFloat16, f16, Half)
CONVERT(f16, Half, bf16, BFloat16)

// out [n]. Any grid.
KERNEL(fill_f32, 256, (float value, long long n, float* out)) {
    constexpr int N = VECTOR<float>;
    long long vectors = isAligned<N>(out) ? n / N : 0;
    const float values[N] = {value, value, value, value};
    forEach(vectors, [&](long long v) { storeVector(out + v * N, values); });
    forEach(n - vectors * N, [=](long long i) { out[vectors * N + i] = value; });
}

// x [rows, columns] with the strides given, in elements; out [rows, columns], dense. Grid: (columns / 32, rows / 32), both
// rounded up: at most 2^21 rows in one launch.
#define COPY_MATRIX(type, T)                                                                                           \
    KERNEL(copy_matrix_##type, 256,                                                                                    \
           (const T* x, long long rowStride, long long columnStride, int rows, int columns, T* out)) {                 \
        copyMatrix(x, rowStride, columnStride, rows, columns, out);                                                    \
    }
COPY_MATRIX(f32, float)
COPY_MATRIX(bf16, BFloat16)
