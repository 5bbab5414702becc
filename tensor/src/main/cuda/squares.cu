// SPDX-License-Identifier: Apache-2.0
//
// Sums of squares for the norm of all gradients, in the order of the reference: blocks of 4096 elements as 16 F32 partial sums
// (half a warp each), the blocks added in order in double.
#include "rowsinorder.cuh"

constexpr int SQUARES_BLOCK = 4096;
constexpr int SQUARES_THREADS = SHARED_ROW_THREADS;

template <class T>
__device__ __forceinline__ void sumOfSquares(const T* x, long long n, double* sums) {
    long long block = static_cast<long long>(blockIdx.x) * SHARED_ROWS + threadIdx.x / SUM_LANES;
    long long from = block * SQUARES_BLOCK;
    int size = static_cast<int>(max(min(n - from, static_cast<long long>(SQUARES_BLOCK)), 0LL));
    float sum = 0;
    forRowsInOrder<T, 1>({x + from}, size, SQUARES_BLOCK, [&](int, const float(&value)[1]) { sum = fmaf(value[0], value[0], sum); });
    sum = foldSixteen(sum);
    if (from < n && threadIdx.x % SUM_LANES == 0) {
        sums[block] = sum;
    }
}

// x [n]; sums [n / 4096, rounded up]. Grid: n / 65536, rounded up.
#define SUM_OF_SQUARES(type, T)                                                                                        \
    KERNEL(sum_of_squares_##type, SQUARES_THREADS, (const T* x, long long n, double* sums)) {                          \
        sumOfSquares(x, n, sums);                                                                                      \
    }
SUM_OF_SQUARES(f32, float)
SUM_OF_SQUARES(bf16, BFloat16)

// out [1] = Σ x [n] in order. Grid: 1. One thread adds what the others bring near: a chain of dependent additions is the
// contract, and it is short (one number for 4096 elements).
KERNEL(sum_in_order_f64, SQUARES_THREADS, (const double* x, long long n, double* out)) {
    SHARED(double, tile, SQUARES_THREADS);
    double sum = 0;
    for (long long from = 0; from < n; from += SQUARES_THREADS) {
        if (from + threadIdx.x < n) {
            tile[threadIdx.x] = x[from + threadIdx.x];
        }
        __syncthreads();
        if (threadIdx.x == 0) {
            int count = static_cast<int>(min(n - from, static_cast<long long>(SQUARES_THREADS)));
            for (int i = 0; i < count; i++) {
                sum += tile[i];
            }
        }
        __syncthreads();
    }
    if (threadIdx.x == 0) {
        out[0] = sum;
    }
}

// Gradient clipping: scale [1] = min(1, maxNorm / (norm + 1e-6)) with norm = √sumOfSquares, or 1 if maxNorm is 0. Grid: 1.
KERNEL(clip_scale, 32, (const double* sumOfSquares, double maxNorm, float* scale)) {
    if (threadIdx.x == 0) {
        double factor = maxNorm / (sqrt(sumOfSquares[0]) + 1e-6);
        scale[0] = maxNorm > 0 ? static_cast<float>(factor >= 1 ? 1 : factor) : 1; // a NaN stays one
    }
}
