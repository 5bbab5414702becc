// SPDX-License-Identifier: Apache-2.0
//
// LayerNorm and its gradients, sixteen threads to a row as in RMSNorm. The variance is taken from the centred numbers, in a
// second pass: Σ x² - (Σ x)² / d cancels where the mean is large. Weights and biases are F32 always.
//
//   n = (x - mean) / σ, out = n · weight + bias
//   dX = (g - mean(g) - n · mean(g · n)) / σ with g = dOut · weight; dWeight = Σ dOut · n; dBias = Σ dOut, by sum_rows
#include "sums.cuh"

constexpr int LAYER_NORM_THREADS = 256;
constexpr int LAYER_NORM_ROWS = LAYER_NORM_THREADS / SUM_LANES; // per block

template <class T>
__device__ __forceinline__ void layerNorm(
        const T* x,
        const float* weight,
        const float* bias,
        float epsilon,
        int rows,
        int d,
        T* out,
        float* means,
        float* inverseStd) {
    int lane = threadIdx.x % SUM_LANES;
    long long row = static_cast<long long>(blockIdx.x) * LAYER_NORM_ROWS + threadIdx.x / SUM_LANES;
    int width = row < rows ? d : 0; // rows beyond the end take part in the shuffles only
    float sum = 0;
#pragma unroll 4
    for (int i = lane; i < width; i += SUM_LANES) {
        sum += load(x + row * d + i);
    }
    float mean = foldSixteen(sum) / static_cast<float>(d);
    float squares = 0;
#pragma unroll 4
    for (int i = lane; i < width; i += SUM_LANES) {
        float centred = load(x + row * d + i) - mean;
        squares = fmaf(centred, centred, squares);
    }
    float r = 1.0f / sqrtf(foldSixteen(squares) / static_cast<float>(d) + epsilon);
    if (row < rows && lane == 0) {
        means[row] = mean;
        inverseStd[row] = r;
    }
#pragma unroll 4
    for (int i = lane; i < width; i += SUM_LANES) {
        float n = (load(x + row * d + i) - mean) * r;
        store(out + row * d + i, fmaf(n, weight[i], bias == nullptr ? 0.0f : bias[i]));
    }
}

template <class T>
__device__ __forceinline__ void layerNormBackward(
        const T* dOut, const T* x, const float* weight, const float* means, const float* inverseStd, int rows, int d, T* dX) {
    int lane = threadIdx.x % SUM_LANES;
    long long row = static_cast<long long>(blockIdx.x) * LAYER_NORM_ROWS + threadIdx.x / SUM_LANES;
    int width = row < rows ? d : 0;
    float mean = row < rows ? means[row] : 0;
    float r = row < rows ? inverseStd[row] : 0;
    float sum = 0;
    float weighted = 0;
#pragma unroll 4
    for (int i = lane; i < width; i += SUM_LANES) {
        float g = load(dOut + row * d + i) * weight[i];
        sum += g;
        weighted = fmaf(g, (load(x + row * d + i) - mean) * r, weighted);
    }
    float meanOfG = foldSixteen(sum) / static_cast<float>(d);
    float c = foldSixteen(weighted) / static_cast<float>(d);
#pragma unroll 4
    for (int i = lane; i < width; i += SUM_LANES) {
        float g = load(dOut + row * d + i) * weight[i];
        float n = (load(x + row * d + i) - mean) * r;
        store(dX + row * d + i, r * fmaf(-c, n, g - meanOfG));
    }
}

/** One thread per column adds up rowsPerChunk rows in order; the chunks' sums are a matrix for sum_rows. */
template <class T>
__device__ __forceinline__ void layerNormWeightGradient(
        const T* dOut,
        const T* x,
        const float* means,
        const float* inverseStd,
        int rows,
        int d,
        int rowsPerChunk,
        float* out,
        int accumulate) {
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
        float n = (load(x + row * d + column) - means[row]) * inverseStd[row];
        sum = fmaf(load(dOut + row * d + column), n, sum);
    }
    *target = sum;
}

// x, out [rows, d]; weight, bias (or null) [d]; means, inverseStd [rows]: 1/σ. Grid: rows / 16, rounded up.
#define LAYER_NORM(type, T)                                                                                            \
    KERNEL(layer_norm_##type, LAYER_NORM_THREADS,                                                                      \
           (const T* x, const float* weight, const float* bias, float epsilon, int rows, int d, T* out, float* means,          \
            float* inverseStd)) {                                                                                      \
        layerNorm(x, weight, bias, epsilon, rows, d, out, means, inverseStd);                                          \
    }
LAYER_NORM(f32, float)
LAYER_NORM(bf16, BFloat16)

// dOut, x, dX [rows, d]; weight [d]; means, inverseStd [rows]. Grid: rows / 16, rounded up.
#define LAYER_NORM_BACKWARD(type, T)                                                                                   \
    KERNEL(layer_norm_backward_##type, LAYER_NORM_THREADS,                                                             \
           (const T* dOut, const T* x, const float* weight, const float* means, const float* inverseStd, int rows, int d,  \
            T* dX)) {                                                                                                  \
        layerNormBackward(dOut, x, weight, means, inverseStd, rows, d, dX);                                            \
    }
LAYER_NORM_BACKWARD(f32, float)
LAYER_NORM_BACKWARD(bf16, BFloat16)

// dOut, x [rows, d]; means, inverseStd [rows]; out [chunks, d], added to if accumulate. Grid: (d / 256, rows / rowsPerChunk),
// both rounded up.
#define LAYER_NORM_WEIGHT_GRADIENT(type, T)                                                                            \
    KERNEL(layer_norm_weight_gradient_##type, LAYER_NORM_THREADS,                                                      \
           (const T* dOut, const T* x, const float* means, const float* inverseStd, int rows, int d, int rowsPerChunk, \
            float* out, int accumulate)) {                                                                             \
        layerNormWeightGradient(dOut, x, means, inverseStd, rows, d, rowsPerChunk, out, accumulate);                   \
    }
LAYER_NORM_WEIGHT_GRADIENT(f32, float)
LAYER_NORM_WEIGHT_GRADIENT(bf16, BFloat16)
