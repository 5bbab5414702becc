// SPDX-License-Identifier: Apache-2.0
//
// What every softmax over the vocabulary needs of a row z: m = max z, l = Σ exp(z - m) and Σ exp(z - m) · (z - m).
//
// The sums are in the fixed order, 16 partial sums over the whole row, and that leaves 16 threads to add. It costs nothing: all
// threads compute the next tile's terms, half a warp adds up the last one's, and the row's bytes still are what takes the time.
#pragma once
#include "exp.cuh"
#include "sums.cuh"

constexpr int ROW_THREADS = 256;
constexpr int ROW_TILE = 1024;
/** The second kind of terms begins 16 banks away from the first: half a warp reads each. */
constexpr int ROW_SECOND = ROW_TILE + SUM_LANES;

struct RowSums {
    float maximum, sum, weighted;
};

/** For a block of ROW_THREADS; every thread receives the result. z = row · factor. */
template <class T>
__device__ __forceinline__ RowSums rowSums(const T* row, int vocabulary, float factor) {
    SHARED(float, terms, 2 * (ROW_SECOND + ROW_TILE));
    SHARED(float, result, 2);
    float largest = MINUS_INFINITY;
    for (int i = threadIdx.x; i < vocabulary; i += ROW_THREADS) {
        largest = maximum(largest, load(row + i) * factor);
    }
    largest = blockMaximum(largest);

    auto fill = [=](int tile) {
        float* at = terms + (tile & 1) * (ROW_SECOND + ROW_TILE);
        for (int i = threadIdx.x; i < ROW_TILE; i += ROW_THREADS) {
            int index = tile * ROW_TILE + i;
            float e = 0;
            float weighted = 0; // zeros at the end change no sum
            if (index < vocabulary) {
                float z = load(row + index) * factor - largest;
                e = naturalExp(z);
                weighted = e * z;
            }
            at[i] = e;
            at[ROW_SECOND + i] = weighted;
        }
    };
    int tiles = (vocabulary + ROW_TILE - 1) / ROW_TILE;
    float sum = 0;
    fill(0);
    __syncthreads();
    for (int tile = 0; tile < tiles; tile++) {
        if (tile + 1 < tiles) {
            fill(tile + 1);
        }
        if (threadIdx.x < 32) {
            const float* at = terms + (tile & 1) * (ROW_SECOND + ROW_TILE) + threadIdx.x / SUM_LANES * ROW_SECOND;
#pragma unroll 8
            for (int i = threadIdx.x % SUM_LANES; i < ROW_TILE; i += SUM_LANES) {
                sum += at[i];
            }
        }
        __syncthreads();
    }
    if (threadIdx.x < 32) {
        sum = foldSixteen(sum);
        if (threadIdx.x % SUM_LANES == 0) {
            result[threadIdx.x / SUM_LANES] = sum;
        }
    }
    __syncthreads();
    return {largest, result[0], result[1]};
}
