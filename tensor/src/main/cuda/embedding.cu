// SPDX-License-Identifier: Apache-2.0
//
// Rows of a table by index, and the gradient of that.
//
// Several rows of the gradient may go to one row of the table. So that they are added in order and without atomics, the host
// sorts the indices first (stably): one block then owns one row of the table.
#include "vectors.cuh"

template <class T, class Out>
__device__ __forceinline__ void gatherRows(const T* table, const int* rows, int d, Out* out) {
    const T* from = table + static_cast<long long>(rows[blockIdx.x]) * d;
    Out* to = out + static_cast<long long>(blockIdx.x) * d;
    mapElements<2>(wholeBlock(), {from}, d, {to}, [](long long, const float(&x)[1], float(&y)[1]) { y[0] = x[0]; });
}

template <class T, class Sum>
__device__ __forceinline__ void scatterAddRows(
        const T* x, const int* order, const int* starts, const int* targets, int d, Sum* table) {
    int begin = starts[blockIdx.x];
    int end = starts[blockIdx.x + 1];
    if (begin == end) return;  // no group: another block may own the row that its target names
    Sum* to = table + static_cast<long long>(targets[blockIdx.x]) * d;
    constexpr int N = VECTOR<T, Sum>;
    bool aligned = d % N == 0 && isAligned<N>(x) && isAligned<N>(table);
    for (int i = threadIdx.x * N; aligned && i < d; i += blockDim.x * N) {
        Vector<Sum, N> old = loadVector<N>(to + i);
        float sums[N];
#pragma unroll
        for (int e = 0; e < N; e++) {
            sums[e] = element(old, e);
        }
#pragma unroll 4
        for (int k = begin; k < end; k++) {
            Vector<T, N> row = loadVector<N>(x + static_cast<long long>(order[k]) * d + i);
#pragma unroll
            for (int e = 0; e < N; e++) {
                sums[e] += element(row, e);
            }
        }
        storeVector(to + i, sums);
    }
    for (int i = threadIdx.x; !aligned && i < d; i += blockDim.x) {
        float sum = load(to + i);
#pragma unroll 4
        for (int k = begin; k < end; k++) {
            sum += load(x + static_cast<long long>(order[k]) * d + i);
        }
        store(to + i, sum);
    }
}

// table [T, d]; rows [R]; out [R, d]. Grid: R.
#define GATHER_ROWS(name, T, Out)                                                                                      \
    KERNEL(gather_rows_##name, 256, (const T* table, const int* rows, int d, Out* out)) {                              \
        gatherRows(table, rows, d, out);                                                                               \
    }
GATHER_ROWS(f32, float, float)
GATHER_ROWS(bf16, BFloat16, BFloat16)
GATHER_ROWS(bf16_to_f32, BFloat16, float)
GATHER_ROWS(f16_to_f32, Half, float)
GATHER_ROWS(f32_to_bf16, float, BFloat16)
GATHER_ROWS(f16_to_bf16, Half, BFloat16)

// x [R, d]; order [R]: the rows of x sorted stably by their target; targets [U]: the different ones; starts [U + 1]: where each one's
// rows begin in order; table [T, d]. Grid: U. Groups without rows do nothing, so that a graph can launch R blocks whatever U is.
#define SCATTER_ADD_ROWS(name, T, Sum)                                                                                 \
    KERNEL(scatter_add_rows_##name, 256,                                                                               \
           (const T* x, const int* order, const int* starts, const int* targets, int d, Sum* table)) {                 \
        scatterAddRows(x, order, starts, targets, d, table);                                                           \
    }
SCATTER_ADD_ROWS(f32, float, float)
SCATTER_ADD_ROWS(bf16, BFloat16, BFloat16)
SCATTER_ADD_ROWS(bf16_to_f32, BFloat16, float)
