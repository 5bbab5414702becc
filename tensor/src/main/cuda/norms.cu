// SPDX-License-Identifier: Apache-2.0
//
// RMSNorm and its gradients. Sixteen threads share a row, one per partial sum of the fixed order: with thousands of rows that
// fills a device, and with one row the chain of D / 16 additions is shorter than the launch. Weights are F32 always.
#include "columns.cuh"
#include "rowsinorder.cuh"

template <class T>
__device__ __forceinline__ void rmsNorm(
        const T* x, const float* weight, float epsilon, int rows, int d, T* out, float* inverseRms) {
    long long row = static_cast<long long>(blockIdx.x) * SHARED_ROWS + threadIdx.x / SUM_LANES;
    bool exists = row < rows;
    const T* own = x + row * d;
    float sum = 0;
    forRowsInOrder<T, 1>({own}, exists ? d : 0, d, [&](int, const float(&value)[1]) { sum = fmaf(value[0], value[0], sum); });
    float mean = foldSixteen(sum) / static_cast<float>(d);
    float r = 1.0f / sqrtf(mean + epsilon);
    if (!exists) {
        return;
    }
    if (threadIdx.x % SUM_LANES == 0) {
        inverseRms[row] = r;
    }
    mapRows<T, 1>(
            {own}, weight, nullptr, d, out + row * d, [=](const float(&value)[1], float w, float) { return value[0] * r * w; });
}

template <class T>
__device__ __forceinline__ void rmsNormBackward(
        const T* dOut, const T* x, const float* weight, const float* inverseRms, int rows, int d, T* dX) {
    long long row = static_cast<long long>(blockIdx.x) * SHARED_ROWS + threadIdx.x / SUM_LANES;
    bool exists = row < rows;
    const T* ownDOut = dOut + row * d;
    const T* ownX = x + row * d;
    float r = exists ? inverseRms[row] : 0;
    float sum = 0;
    forRowsInOrder<T, 2>({ownDOut, ownX}, exists ? d : 0, d, [&](int i, const float(&values)[2]) {
        sum = fmaf(values[0] * weight[i], values[1], sum);
    });
    float c = foldSixteen(sum) * r * r / static_cast<float>(d);
    if (!exists) {
        return;
    }
    mapRows<T, 2>({ownDOut, ownX}, weight, nullptr, d, dX + row * d, [=](const float(&values)[2], float w, float) {
        return r * fmaf(-c, values[1], values[0] * w);
    });
}

/** The chunks' sums are a matrix for sum_rows. */
template <class T>
__device__ __forceinline__ void rmsNormWeightGradient(
        const T* dOut, const T* x, const float* inverseRms, int rows, int d, int rowsPerChunk, float* out, int accumulate) {
    sumColumns(rows, d, rowsPerChunk, out, accumulate, [=](long long row, long long i) {
        return ColumnTerm{load(dOut + i), load(x + i) * inverseRms[row]};
    });
}

// x, out [rows, d]; weight [d]; inverseRms [rows]. Grid: rows / 16, rounded up.
#define RMS_NORM(type, T)                                                                                              \
    RESIDENT_KERNEL(rms_norm_##type, SHARED_ROW_THREADS, NORM_BLOCKS,                                                  \
           (const T* x, const float* weight, float epsilon, int rows, int d, T* out, float* inverseRms)) {             \
        rmsNorm(x, weight, epsilon, rows, d, out, inverseRms);                                                         \
    }
RMS_NORM(f32, float)
RMS_NORM(bf16, BFloat16)

// dOut, x, dX [rows, d]; weight [d]; inverseRms [rows]. Grid: rows / 16, rounded up.
#define RMS_NORM_BACKWARD(type, T)                                                                                     \
    RESIDENT_KERNEL(rms_norm_backward_##type, SHARED_ROW_THREADS, NORM_BLOCKS,                                         \
           (const T* dOut, const T* x, const float* weight, const float* inverseRms, int rows, int d, T* dX)) {        \
        rmsNormBackward(dOut, x, weight, inverseRms, rows, d, dX);                                                     \
    }
RMS_NORM_BACKWARD(f32, float)
RMS_NORM_BACKWARD(bf16, BFloat16)

// dOut, x [rows, d]; inverseRms [rows]; out [chunks, d], added to if accumulate. Grid: (d / 256, rows / rowsPerChunk), both
// rounded up. With one chunk and accumulate it has the bits of the reference.
#define RMS_NORM_WEIGHT_GRADIENT(type, T)                                                                              \
    KERNEL(rms_norm_weight_gradient_##type, 256,                                                                       \
           (const T* dOut, const T* x, const float* inverseRms, int rows, int d, int rowsPerChunk, float* out,         \
            int accumulate)) {                                                                                         \
        rmsNormWeightGradient(dOut, x, inverseRms, rows, d, rowsPerChunk, out, accumulate);                            \
    }
RMS_NORM_WEIGHT_GRADIENT(f32, float)
RMS_NORM_WEIGHT_GRADIENT(bf16, BFloat16)
