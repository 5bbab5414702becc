// SPDX-License-Identifier: Apache-2.0
//
// Rows that sixteen threads add up in the fixed order. Thread j needs the elements j, 16 + j, …, one at a time, but memory wants
// to be read 16 bytes at a time: each thread copies whole vectors into shared memory and reads back the elements that are its.
// The next vectors are on their way while it adds.
#pragma once
#include "sums.cuh"
#include "vectors.cuh"

/** Threads of a block, and the rows that they share. */
constexpr int SHARED_ROW_THREADS = 256;
constexpr int SHARED_ROWS = SHARED_ROW_THREADS / SUM_LANES;

/** Blocks of a norm that a multiprocessor holds together: with 64 bytes per thread on their way, 64 KiB. */
constexpr int NORM_BLOCKS = 4;

/** Vectors of a row, or of all rows that are read together, that a thread has in flight. */
constexpr int STAGED_VECTORS = 4;
/** The second row of a warp lies 16 banks away from the first: half a warp reads as many F32 numbers at a time. */
constexpr int STAGED_WORDS = STAGED_VECTORS * SUM_LANES * VECTOR_BYTES / 4;
constexpr int STAGED_STRIDE = STAGED_WORDS + SUM_LANES;

/** One place for all calls of a kernel. */
__device__ __forceinline__ unsigned* stagedRows() {
    SHARED(unsigned, staged, SHARED_ROWS * STAGED_STRIDE);
    return staged;
}

/**
 * For i = j, 16 + j, … below d in order, j this thread's place among sixteen: add(i, x) with x the elements i of the rows. Whole
 * warps must call; d may differ between the two rows of one, and is 0 for a row that does not exist. None is above longest.
 */
template <class T, int ROWS, class Add>
__device__ __forceinline__ void forRowsInOrder(const T* const (&rows)[ROWS], int d, int longest, Add add) {
    constexpr int N = VECTOR<T>;
    constexpr int VECTORS = STAGED_VECTORS / ROWS;
    constexpr int PIECE = VECTORS * SUM_LANES * N;
    int lane = threadIdx.x % SUM_LANES;
    bool aligned = d % N == 0;
#pragma unroll
    for (int k = 0; k < ROWS; k++) {
        aligned &= isAligned<N>(rows[k]);
    }
    if (!__all_sync(ALL_LANES, aligned || d == 0)) {
        constexpr int AHEAD = 8 / ROWS;
        float loaded[AHEAD][ROWS];
        forEachAhead<AHEAD>(
                {lane, SUM_LANES},
                d,
                [&](int u, long long i) {
#pragma unroll
                    for (int k = 0; k < ROWS; k++) {
                        loaded[u][k] = load(rows[k] + i);
                    }
                },
                [&](int u, long long i) { add(static_cast<int>(i), loaded[u]); });
        return;
    }

    T* own = reinterpret_cast<T*>(stagedRows() + threadIdx.x / SUM_LANES * STAGED_STRIDE); // [ROWS, PIECE]
    Vector<T, N> loaded[ROWS][VECTORS];
    auto fetch = [&](int from) {
#pragma unroll
        for (int v = 0; v < VECTORS; v++) {
            int i = from + (v * SUM_LANES + lane) * N;
            if (i < d) {
#pragma unroll
                for (int k = 0; k < ROWS; k++) {
                    loaded[k][v] = loadVector<N>(rows[k] + i);
                }
            }
        }
    };
    fetch(0);
#pragma unroll 1
    for (int from = 0; from < longest; from += PIECE) {
        __syncwarp(); // nobody reads the last piece any more
#pragma unroll
        for (int k = 0; k < ROWS; k++) {
#pragma unroll
            for (int v = 0; v < VECTORS; v++) {
                *reinterpret_cast<Vector<T, N>*>(own + k * PIECE + (v * SUM_LANES + lane) * N) = loaded[k][v];
            }
        }
        __syncwarp();
        fetch(from + PIECE);
        int count = min(PIECE, d - from);
#pragma unroll 8
        for (int i = lane; i < count; i += SUM_LANES) {
            float x[ROWS];
#pragma unroll
            for (int k = 0; k < ROWS; k++) {
                x[k] = load(own + k * PIECE + i);
            }
            add(from + i, x);
        }
    }
    __syncwarp(); // the next call writes
}

/**
 * For every element of rows that sixteen threads share: out = f(x, w, b), with w the weight's element and b the bias', or 0 if
 * that is null.
 */
template <class T, int ROWS, class F>
__device__ __forceinline__ void mapRows(
        const T* const (&rows)[ROWS], const float* weight, const float* bias, int d, T* out, F f) {
    constexpr int N = VECTOR<T>;
    constexpr int AHEAD = 2;
    bool aligned = d % N == 0 && isAligned<N>(out) && isAligned<VECTOR<float>>(weight) && isAligned<VECTOR<float>>(bias);
#pragma unroll
    for (int k = 0; k < ROWS; k++) {
        aligned &= isAligned<N>(rows[k]);
    }
    Sharing lanes = {threadIdx.x % SUM_LANES, SUM_LANES};
    Vector<T, N> loaded[AHEAD][ROWS];
    float weights[AHEAD][N];
    float biases[AHEAD][N];
    forEachAhead<AHEAD>(
            lanes,
            aligned ? d / N : 0,
            [&](int u, long long v) {
#pragma unroll
                for (int k = 0; k < ROWS; k++) {
                    loaded[u][k] = loadVector<N>(rows[k] + v * N);
                }
                loadFloats(weight + v * N, weights[u]);
                if (bias != nullptr) {
                    loadFloats(bias + v * N, biases[u]);
                }
            },
            [&](int u, long long v) {
                float results[N];
#pragma unroll
                for (int e = 0; e < N; e++) {
                    float x[ROWS];
#pragma unroll
                    for (int k = 0; k < ROWS; k++) {
                        x[k] = element(loaded[u][k], e);
                    }
                    results[e] = f(x, weights[u][e], bias == nullptr ? 0.0f : biases[u][e]);
                }
                storeVector(out + v * N, results);
            });
    if (!aligned) {
        for (long long i = lanes.first; i < d; i += SUM_LANES) {
            float x[ROWS];
#pragma unroll
            for (int k = 0; k < ROWS; k++) {
                x[k] = load(rows[k] + i);
            }
            store(out + i, f(x, weight[i], bias == nullptr ? 0.0f : bias[i]));
        }
    }
}
