// SPDX-License-Identifier: Apache-2.0
//
// What every softmax over the vocabulary needs of a row z: m = max z, l = Σ exp(z - m) and Σ exp(z - m) · (z - m).
//
// The sums are in the fixed order, 16 partial sums over the whole row, and that leaves 16 threads to add. It costs nothing: all
// threads compute the next tile's terms, half a warp adds up the last one's, and the row's bytes still are what takes the time.
#pragma once
#include "exp.cuh"
#include "sums.cuh"
#include "vectors.cuh"

constexpr int ROW_THREADS = 256;
constexpr int ROW_TILE = 1024;
/** The second kind of terms begins 16 banks away from the first: half a warp reads each. */
constexpr int ROW_SECOND = ROW_TILE + SUM_LANES;

struct RowSums {
    float maximum, sum, weighted;
};

/** The largest of row · factor that this thread of a block sees. */
template <class T>
__device__ __forceinline__ float rowMaximum(const T* row, int vocabulary, float factor) {
    constexpr int N = VECTOR<T>;
    constexpr int AHEAD = 4;
    float largest = MINUS_INFINITY;
    int vectors = isAligned<N>(row) ? vocabulary / N : 0;
    Vector<T, N> loaded[AHEAD];
    forEachAhead<AHEAD>(
            wholeBlock(),
            vectors,
            [&](int u, long long v) { loaded[u] = loadVector<N>(row + v * N); },
            [&](int u, long long) {
#pragma unroll
                for (int e = 0; e < N; e++) {
                    largest = maximum(largest, element(loaded[u], e) * factor);
                }
            });
#pragma unroll 4
    for (int i = vectors * N + threadIdx.x; i < vocabulary; i += ROW_THREADS) {
        largest = maximum(largest, load(row + i) * factor);
    }
    return largest;
}

/** For a block of ROW_THREADS; every thread receives the result. z = row · factor. */
template <class T>
__device__ __forceinline__ RowSums rowSums(const T* row, int vocabulary, float factor) {
    SHARED(float, terms, 2 * (ROW_SECOND + ROW_TILE));
    SHARED(float, result, 2);
    float largest = blockMaximum(rowMaximum(row, vocabulary, factor));

    // Each thread has EACH elements of a tile: neighbours where it can read them at once, else one in ROW_THREADS.
    constexpr int EACH = ROW_TILE / ROW_THREADS;
    bool aligned = vocabulary % EACH == 0 && isAligned<EACH>(row);
    float next[EACH]; // of the tile that follows the last one filled, on their way while that is added up
    auto fetch = [&](int tile) {
        int first = tile * ROW_TILE + threadIdx.x * EACH;
        if (aligned && first < vocabulary) {
            Vector<T, EACH> loaded = loadVector<EACH>(row + first);
#pragma unroll
            for (int e = 0; e < EACH; e++) {
                next[e] = element(loaded, e);
            }
        }
#pragma unroll
        for (int e = 0; e < EACH; e++) {
            int index = tile * ROW_TILE + e * ROW_THREADS + threadIdx.x;
            if (!aligned && index < vocabulary) {
                next[e] = load(row + index);
            }
        }
    };
    auto fill = [&](int tile) {
        float* at = terms + (tile & 1) * (ROW_SECOND + ROW_TILE);
        float e[EACH];
        float weighted[EACH];
#pragma unroll
        for (int k = 0; k < EACH; k++) {
            int i = aligned ? threadIdx.x * EACH + k : k * ROW_THREADS + threadIdx.x;
            bool exists = tile * ROW_TILE + i < vocabulary; // zeros at the end change no sum
            float z = next[k] * factor - largest;
            e[k] = exists ? naturalExp(z) : 0.0f;
            weighted[k] = exists ? e[k] * z : 0.0f;
        }
        if (aligned) {
            storeVector(at + threadIdx.x * EACH, e);
            storeVector(at + ROW_SECOND + threadIdx.x * EACH, weighted);
        }
#pragma unroll
        for (int k = 0; k < EACH; k++) {
            if (!aligned) {
                at[k * ROW_THREADS + threadIdx.x] = e[k];
                at[ROW_SECOND + k * ROW_THREADS + threadIdx.x] = weighted[k];
            }
        }
    };
    int tiles = (vocabulary + ROW_TILE - 1) / ROW_TILE;
    float sum = 0;
    fetch(0);
    fill(0);
    fetch(1);
    __syncthreads();
    for (int tile = 0; tile < tiles; tile++) {
        if (tile + 1 < tiles) {
            fill(tile + 1);
            fetch(tile + 2);
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
