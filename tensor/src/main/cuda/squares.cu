// SPDX-License-Identifier: Apache-2.0
//
// Sums of squares for the norm of all gradients, in the order of the reference: blocks of 4096 elements as 16 F32 partial sums
// (half a warp each), the blocks added in order in double.
//
// Many tensors in one launch, because a model has hundreds and most are small. The host cuts each into pieces of sixteen blocks
// of elements; a piece is a block of threads, and its sums stand at sixteen times its number.
#include "rowsinorder.cuh"

constexpr int SQUARES_BLOCK = 4096;
constexpr int SQUARES_THREADS = SHARED_ROW_THREADS;
constexpr int SQUARES_FIELDS = 3; // of a tensor: its address, number of elements and first piece

template <class T>
__device__ __forceinline__ void sumOfSquares(
        const long long* tensors, const int* pieceTensors, int firstPiece, double* sums) {
    const long long* at = tensors + SQUARES_FIELDS * pieceTensors[blockIdx.x];
    long long piece = firstPiece + static_cast<long long>(blockIdx.x);
    int row = threadIdx.x / SUM_LANES;
    long long from = ((piece - at[2]) * SHARED_ROWS + row) * SQUARES_BLOCK;
    int size = static_cast<int>(max(min(at[1] - from, static_cast<long long>(SQUARES_BLOCK)), 0LL));
    const T* x = reinterpret_cast<const T*>(at[0]) + from;
    float sum = 0;
    forRowsInOrder<T, 1>({x}, size, SQUARES_BLOCK, [&](int, const float(&value)[1]) { sum = fmaf(value[0], value[0], sum); });
    sum = foldSixteen(sum);
    if (size > 0 && threadIdx.x % SUM_LANES == 0) {
        sums[piece * SHARED_ROWS + row] = sum;
    }
}

// tensors [count, 3]: address, number of elements, first piece; pieceTensors [grid]: the tensor of each piece from firstPiece
// on, all of type T; sums [pieces, 16], written where there are elements. Grid: pieces of type T.
#define SUM_OF_SQUARES(type, T)                                                                                        \
    KERNEL(sum_of_squares_##type, SQUARES_THREADS,                                                                     \
           (const long long* tensors, const int* pieceTensors, int firstPiece, double* sums)) {                        \
        sumOfSquares<T>(tensors, pieceTensors, firstPiece, sums);                                                      \
    }
SUM_OF_SQUARES(f32, float)
SUM_OF_SQUARES(bf16, BFloat16)

// out [count] = Σ of each tensor's sums in order, of those above. Grid: count. One thread adds what the others bring near: a
// chain of dependent additions is the contract, and it is short (one number for 4096 elements).
KERNEL(sum_in_order_f64, SQUARES_THREADS, (const long long* tensors, const double* sums, double* out)) {
    SHARED(double, tile, SQUARES_THREADS);
    const long long* at = tensors + SQUARES_FIELDS * static_cast<long long>(blockIdx.x);
    const double* x = sums + at[2] * SHARED_ROWS;
    long long n = (at[1] + SQUARES_BLOCK - 1) / SQUARES_BLOCK;
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
        out[blockIdx.x] = sum;
    }
}

// Gradient clipping: scale [1] = min(1, maxNorm / (norm + 1e-6)) with norm = √sumOfSquares, or 1 if maxNorm is 0. Grid: 1.
KERNEL(clip_scale, 32, (const double* sumOfSquares, double maxNorm, float* scale)) {
    if (threadIdx.x == 0) {
        double factor = maxNorm / (sqrt(sumOfSquares[0]) + 1e-6);
        scale[0] = maxNorm > 0 ? static_cast<float>(factor >= 1 ? 1 : factor) : 1; // a NaN stays one
    }
}
