// SPDX-License-Identifier: Apache-2.0
//
// RMSNorm and its gradients. Sixteen threads share a row, one per partial sum of the fixed order: with thousands of rows that
// fills a device, and with one row the chain of D / 16 additions is shorter than the launch. Weights are F32 always.
#include "sums.cuh"

constexpr int NORM_THREADS = 256;
constexpr int NORM_ROWS = NORM_THREADS / SUM_LANES; // per block

template <class T>
__device__ __forceinline__ void rmsNorm(
        const T* x, const float* weight, float epsilon, int rows, int d, T* out, float* inverseRms) {
    int lane = threadIdx.x % SUM_LANES;
    long long row = static_cast<long long>(blockIdx.x) * NORM_ROWS + threadIdx.x / SUM_LANES;
    int width = row < rows ? d : 0; // rows beyond the end take part in the shuffles only
    float sum = 0;
#pragma unroll 4
    for (int i = lane; i < width; i += SUM_LANES) {
        float value = load(x + row * d + i);
        sum = fmaf(value, value, sum);
    }
    float mean = foldSixteen(sum) / static_cast<float>(d);
    float r = 1.0f / sqrtf(mean + epsilon);
    if (row < rows && lane == 0) {
        inverseRms[row] = r;
    }
#pragma unroll 4
    for (int i = lane; i < width; i += SUM_LANES) {
        store(out + row * d + i, load(x + row * d + i) * r * weight[i]);
    }
}

template <class T>
__device__ __forceinline__ void rmsNormBackward(
        const T* dOut, const T* x, const float* weight, const float* inverseRms, int rows, int d, T* dX) {
    int lane = threadIdx.x % SUM_LANES;
    long long row = static_cast<long long>(blockIdx.x) * NORM_ROWS + threadIdx.x / SUM_LANES;
    int width = row < rows ? d : 0;
    float r = row < rows ? inverseRms[row] : 0;
    float sum = 0;
#pragma unroll 4
    for (int i = lane; i < width; i += SUM_LANES) {
        float g = load(dOut + row * d + i) * weight[i];
        sum = fmaf(g, load(x + row * d + i), sum);
    }
    float c = foldSixteen(sum) * r * r / static_cast<float>(d);
#pragma unroll 4
    for (int i = lane; i < width; i += SUM_LANES) {
        float g = load(dOut + row * d + i) * weight[i];
        store(dX + row * d + i, r * fmaf(-c, load(x + row * d + i), g));
    }
}

/** One thread per column adds up rowsPerChunk rows in order; the chunks' sums are a matrix for sum_rows. */
template <class T>
__device__ __forceinline__ void rmsNormWeightGradient(
        const T* dOut, const T* x, const float* inverseRms, int rows, int d, int rowsPerChunk, float* out, int accumulate) {
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
        float scaled = load(x + row * d + column) * inverseRms[row];
        sum = fmaf(load(dOut + row * d + column), scaled, sum);
    }
    *target = sum;
}

// x, out [rows, d]; weight [d]; inverseRms [rows]. Grid: rows / 16, rounded up.
#define RMS_NORM(type, T)                                                                                              \
    KERNEL(rms_norm_##type, NORM_THREADS,                                                                              \
           (const T* x, const float* weight, float epsilon, int rows, int d, T* out, float* inverseRms)) {             \
        rmsNorm(x, weight, epsilon, rows, d, out, inverseRms);                                                         \
    }
RMS_NORM(f32, float)
RMS_NORM(bf16, BFloat16)

// dOut, x, dX [rows, d]; weight [d]; inverseRms [rows]. Grid: rows / 16, rounded up.
#define RMS_NORM_BACKWARD(type, T)                                                                                     \
    KERNEL(rms_norm_backward_##type, NORM_THREADS,                                                                     \
           (const T* dOut, const T* x, const float* weight, const float* inverseRms, int rows, int d, T* dX)) {        \
        rmsNormBackward(dOut, x, weight, inverseRms, rows, d, dX);                                                     \
    }
RMS_NORM_BACKWARD(f32, float)
RMS_NORM_BACKWARD(bf16, BFloat16)

// dOut, x [rows, d]; inverseRms [rows]; out [chunks, d], added to if accumulate. Grid: (d / 256, rows / rowsPerChunk), both
// rounded up. With one chunk and accumulate it has the bits of the reference.
#define RMS_NORM_WEIGHT_GRADIENT(type, T)                                                                              \
    KERNEL(rms_norm_weight_gradient_##type, NORM_THREADS,                                                              \
           (const T* dOut, const T* x, const float* inverseRms, int rows, int d, int rowsPerChunk, float* out,         \
            int accumulate)) {                                                                                         \
        rmsNormWeightGradient(dOut, x, inverseRms, rows, d, rowsPerChunk, out, accumulate);                            \
    }
RMS_NORM_WEIGHT_GRADIENT(f32, float)
RMS_NORM_WEIGHT_GRADIENT(bf16, BFloat16)
