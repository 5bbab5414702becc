// SPDX-License-Identifier: Apache-2.0
//
// LayerNorm and its gradients, sixteen threads to a row as in RMSNorm. The variance is taken from the centred numbers, in a
// second pass: Σ x² - (Σ x)² / d cancels where the mean is large. Weights and biases are F32 always.
//
//   n = (x - mean) / σ, out = n · weight + bias
//   dX = (g - mean(g) - n · mean(g · n)) / σ with g = dOut · weight; dWeight = Σ dOut · n; dBias = Σ dOut, by sum_rows
#include "columns.cuh"
#include "rowsinorder.cuh"

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
    long long row = static_cast<long long>(blockIdx.x) * SHARED_ROWS + threadIdx.x / SUM_LANES;
    bool exists = row < rows;
    const T* own = x + row * d;
    float sum = 0;
    forRowsInOrder<T, 1>({own}, exists ? d : 0, d, [&](int, const float(&value)[1]) { sum += value[0]; });
    float mean = foldSixteen(sum) / static_cast<float>(d);
    float squares = 0;
    forRowsInOrder<T, 1>({own}, exists ? d : 0, d, [&](int, const float(&value)[1]) {
        float centred = value[0] - mean;
        squares = fmaf(centred, centred, squares);
    });
    float r = 1.0f / sqrtf(foldSixteen(squares) / static_cast<float>(d) + epsilon);
    if (!exists) {
        return;
    }
    if (threadIdx.x % SUM_LANES == 0) {
        means[row] = mean;
        inverseStd[row] = r;
    }
    mapRows<T, 1>({own}, weight, bias, d, out + row * d, [=](const float(&value)[1], float w, float b) {
        return fmaf((value[0] - mean) * r, w, b);
    });
}

template <class T>
__device__ __forceinline__ void layerNormBackward(
        const T* dOut, const T* x, const float* weight, const float* means, const float* inverseStd, int rows, int d, T* dX) {
    long long row = static_cast<long long>(blockIdx.x) * SHARED_ROWS + threadIdx.x / SUM_LANES;
    bool exists = row < rows;
    const T* ownDOut = dOut + row * d;
    const T* ownX = x + row * d;
    float mean = exists ? means[row] : 0;
    float r = exists ? inverseStd[row] : 0;
    float sum = 0;
    float weighted = 0;
    forRowsInOrder<T, 2>({ownDOut, ownX}, exists ? d : 0, d, [&](int i, const float(&values)[2]) {
        float g = values[0] * weight[i];
        sum += g;
        weighted = fmaf(g, (values[1] - mean) * r, weighted);
    });
    float meanOfG = foldSixteen(sum) / static_cast<float>(d);
    float c = foldSixteen(weighted) / static_cast<float>(d);
    if (!exists) {
        return;
    }
    mapRows<T, 2>({ownDOut, ownX}, weight, nullptr, d, dX + row * d, [=](const float(&values)[2], float w, float) {
        return r * fmaf(-c, (values[1] - mean) * r, values[0] * w - meanOfG);
    });
}

/** The chunks' sums are a matrix for sum_rows. */
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
    sumColumns(rows, d, rowsPerChunk, out, accumulate, [=](long long row, long long i) {
        return ColumnTerm{load(dOut + i), (load(x + i) - means[row]) * inverseStd[row]};
    });
}

// x, out [rows, d]; weight, bias (or null) [d]; means, inverseStd [rows]: 1/σ. Grid: rows / 16, rounded up.
#define LAYER_NORM(type, T)                                                                                            \
    KERNEL(layer_norm_##type, SHARED_ROW_THREADS,                                                                      \
           (const T* x, const float* weight, const float* bias, float epsilon, int rows, int d, T* out, float* means,          \
            float* inverseStd)) {                                                                                      \
        layerNorm(x, weight, bias, epsilon, rows, d, out, means, inverseStd);                                          \
    }
LAYER_NORM(f32, float)
LAYER_NORM(bf16, BFloat16)

// dOut, x, dX [rows, d]; weight [d]; means, inverseStd [rows]. Grid: rows / 16, rounded up.
#define LAYER_NORM_BACKWARD(type, T)                                                                                   \
    RESIDENT_KERNEL(layer_norm_backward_##type, SHARED_ROW_THREADS, NORM_BLOCKS,                                       \
           (const T* dOut, const T* x, const float* weight, const float* means, const float* inverseStd, int rows, int d,  \
            T* dX)) {                                                                                                  \
        layerNormBackward(dOut, x, weight, means, inverseStd, rows, d, dX);                                            \
    }
LAYER_NORM_BACKWARD(f32, float)
LAYER_NORM_BACKWARD(bf16, BFloat16)

// dOut, x [rows, d]; means, inverseStd [rows]; out [chunks, d], added to if accumulate. Grid: (d / 256, rows / rowsPerChunk),
// both rounded up.
#define LAYER_NORM_WEIGHT_GRADIENT(type, T)                                                                            \
    KERNEL(layer_norm_weight_gradient_##type, 256,                                                                     \
           (const T* dOut, const T* x, const float* means, const float* inverseStd, int rows, int d, int rowsPerChunk, \
            float* out, int accumulate)) {                                                                             \
        layerNormWeightGradient(dOut, x, means, inverseStd, rows, d, rowsPerChunk, out, accumulate);                   \
    }
LAYER_NORM_WEIGHT_GRADIENT(f32, float)
LAYER_NORM_WEIGHT_GRADIENT(bf16, BFloat16)
