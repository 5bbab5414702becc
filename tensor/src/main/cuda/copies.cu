// SPDX-License-Identifier: Apache-2.0
//
// Conversions between number formats (to nearest, ties to even), filling, and dense copies of strided matrices.
#include "numbers.cuh"

/** Tiles through shared memory, so that both sides are read and written in runs whichever stride is 1. */
template <class T>
__device__ __forceinline__ void copyMatrix(const T* x, long long rowStride, long long columnStride, int rows, int columns, T* out) {
    SHARED(T, tile, 32 * 33);
    int column = blockIdx.x * 32;
    int row = blockIdx.y * 32;
    bool byColumns = columnStride != 1; // then neighbouring threads read neighbouring rows
    for (int i = threadIdx.x; i < 32 * 32; i += blockDim.x) {
        int r = byColumns ? i % 32 : i / 32;
        int c = byColumns ? i / 32 : i % 32;
        if (row + r < rows && column + c < columns) {
            tile[r * 33 + c] = x[(row + r) * rowStride + (column + c) * columnStride];
        }
    }
    __syncthreads();
    for (int i = threadIdx.x; i < 32 * 32; i += blockDim.x) {
        int r = i / 32;
        int c = i % 32;
        if (row + r < rows && column + c < columns) {
            out[static_cast<long long>(row + r) * columns + column + c] = tile[r * 33 + c];
        }
    }
}

// x, out [n]. Any grid.
#define CONVERT(from, From, to, To)                                                                                    \
    KERNEL(convert_##from##_to_##to, 256, (const From* x, long long n, To* out)) {                                     \
        forEach(n, [=](long long i) { store(out + i, load(x + i)); });                                                 \
    }
CONVERT(f32, float, bf16, BFloat16)
CONVERT(f32, float, f16, Half)
CONVERT(bf16, BFloat16, f32, float)
CONVERT(f16, Half, f32, float)
CONVERT(bf16, BFloat16, f16, Half)
CONVERT(f16, Half, bf16, BFloat16)

// out [n]. Any grid.
KERNEL(fill_f32, 256, (float value, long long n, float* out)) {
    forEach(n, [=](long long i) { out[i] = value; });
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
