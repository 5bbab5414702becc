// SPDX-License-Identifier: Apache-2.0
//
// Arithmetic on elements, and sums over rows. An output may be an input.
#include "columns.cuh"
#include "vectors.cuh"

template <class T>
__device__ __forceinline__ void addRow(const T* x, const float* row, long long n, int d, T* out) {
    constexpr int N = VECTOR<T>;
    constexpr int AHEAD = 2;
    bool aligned = isAligned<N>(x) && isAligned<N>(out) && isAligned<VECTOR<float>>(row) && d % N == 0;
    Vector<T, N> loaded[AHEAD];
    float added[AHEAD][N];
    forEachAhead<AHEAD>(
            wholeGrid(),
            aligned ? n / N : 0,
            [&](int u, long long v) {
                loaded[u] = loadVector<N>(x + v * N);
                loadFloats(row + (v * N - quotient(v * N, d) * d), added[u]);
            },
            [&](int u, long long v) {
                float sums[N];
#pragma unroll
                for (int e = 0; e < N; e++) {
                    sums[e] = element(loaded[u], e) + added[u][e];
                }
                storeVector(out + v * N, sums);
            });
    if (!aligned) {
        forEach(n, [=](long long i) { store(out + i, load(x + i) + row[i - quotient(i, d) * d]); });
    }
}

template <class T>
__device__ __forceinline__ void sumRows(const T* x, int rows, int d, int rowsPerChunk, float* out, int accumulate) {
    sumColumns(rows, d, rowsPerChunk, out, accumulate, [=](long long, long long i) {
        return ColumnTerm{1.0f, load(x + i)};
    });
}

// x, y, out [n]; row [d] in F32, x and out of add_row [n / d, d]. Any grid.
#define ELEMENTWISE(type, T)                                                                                           \
    KERNEL(add_##type, 256, (const T* x, const T* y, long long n, T* out)) {                                           \
        map(x, y, n, out, [](float a, float b) { return a + b; });                                                     \
    }                                                                                                                  \
    KERNEL(multiply_##type, 256, (const T* x, const T* y, long long n, T* out)) {                                      \
        map(x, y, n, out, [](float a, float b) { return a * b; });                                                     \
    }                                                                                                                  \
    KERNEL(scale_##type, 256, (const T* x, float factor, long long n, T* out)) {                                       \
        map(x, n, out, [=](float a) { return factor * a; });                                                           \
    }                                                                                                                  \
    KERNEL(add_scaled_##type, 256, (const T* x, float factor, long long n, T* out)) {                                  \
        map(x, static_cast<const T*>(out), n, out, [=](float a, float b) { return fmaf(factor, a, b); });              \
    }                                                                                                                  \
    KERNEL(add_row_##type, 256, (const T* x, const float* row, long long n, int d, T* out)) {                          \
        addRow(x, row, n, d, out);                                                                                     \
    }
ELEMENTWISE(f32, float)
ELEMENTWISE(bf16, BFloat16)

// x [rows, d]; out [chunks, d], added to if accumulate. Grid: (d / 256, rows / rowsPerChunk), both rounded up. With one chunk
// and accumulate it has the bits of the reference.
#define SUM_ROWS(type, T)                                                                                              \
    KERNEL(sum_rows_##type, 256, (const T* x, int rows, int d, int rowsPerChunk, float* out, int accumulate)) {        \
        sumRows(x, rows, d, rowsPerChunk, out, accumulate);                                                            \
    }
SUM_ROWS(f32, float)
SUM_ROWS(bf16, BFloat16)
