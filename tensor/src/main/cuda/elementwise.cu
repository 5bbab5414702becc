// SPDX-License-Identifier: Apache-2.0
//
// Arithmetic on elements, and sums over rows. An output may be an input.
#include "numbers.cuh"

/** One thread per column adds up rowsPerChunk rows in order; with several chunks a second launch adds up their sums. */
template <class T>
__device__ __forceinline__ void sumRows(const T* x, int rows, int d, int rowsPerChunk, float* out, int accumulate) {
    int column = blockIdx.x * blockDim.x + threadIdx.x;
    if (column >= d) {
        return;
    }
    float* target = out + static_cast<long long>(blockIdx.y) * d + column;
    long long from = static_cast<long long>(blockIdx.y) * rowsPerChunk;
    long long to = min(from + rowsPerChunk, static_cast<long long>(rows));
    float sum = accumulate ? *target : 0;
#pragma unroll 4
    for (long long row = from; row < to; row++) {
        sum += load(x + row * d + column);
    }
    *target = sum;
}

// x, y, out [n]; row [d] in F32, x and out of add_row [n / d, d]. Any grid.
#define ELEMENTWISE(type, T)                                                                                           \
    KERNEL(add_##type, 256, (const T* x, const T* y, long long n, T* out)) {                                           \
        forEach(n, [=](long long i) { store(out + i, load(x + i) + load(y + i)); });                                   \
    }                                                                                                                  \
    KERNEL(multiply_##type, 256, (const T* x, const T* y, long long n, T* out)) {                                      \
        forEach(n, [=](long long i) { store(out + i, load(x + i) * load(y + i)); });                                   \
    }                                                                                                                  \
    KERNEL(scale_##type, 256, (const T* x, float factor, long long n, T* out)) {                                       \
        forEach(n, [=](long long i) { store(out + i, factor * load(x + i)); });                                        \
    }                                                                                                                  \
    KERNEL(add_scaled_##type, 256, (const T* x, float factor, long long n, T* out)) {                                  \
        forEach(n, [=](long long i) { store(out + i, fmaf(factor, load(x + i), load(out + i))); });                    \
    }                                                                                                                  \
    KERNEL(add_row_##type, 256, (const T* x, const float* row, long long n, int d, T* out)) {                          \
        forEach(n, [=](long long i) { store(out + i, load(x + i) + row[i % d]); });                                    \
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
