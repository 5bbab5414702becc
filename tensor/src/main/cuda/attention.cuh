// SPDX-License-Identifier: Apache-2.0
//
// What the attention kernels share: where the keys of a segment lie, which of them a query sees, and tiles in shared memory.
//
// A batch is ragged: segment s owns the packed rows [starts[s], starts[s + 1]) and may continue a parent, whose rows come before
// its own. The host cuts the segments into tiles of rows and passes a list of (segment, first row within it).
#pragma once
#include "exp.cuh"
#include "sums.cuh"

/** Threads that share a row of a tile: each computes some of its scores and some of its output's elements. */
constexpr int ROW_SHARERS = 8;

/** Elements between rows of a tile: rows four apart in a warp then lie in different banks. */
template <int D>
constexpr int TILE_STRIDE = D + 4;

/** Keys in the batch itself, [N, kvHeads, D]. */
struct PackedKeys {
    long long parentStart, ownStart; // rows; ownStart as if the segment began at position 0
    int history, kvHeads, kvHead;

    __device__ __forceinline__ PackedKeys(const int* starts, const int* parents, int segment, int kvHeads, int kvHead)
        : kvHeads(kvHeads), kvHead(kvHead) {
        int parent = parents[segment];
        parentStart = parent < 0 ? 0 : starts[parent];
        history = parent < 0 ? 0 : starts[parent + 1] - starts[parent];
        ownStart = static_cast<long long>(starts[segment]) - history;
    }

    __device__ __forceinline__ long long row(int position) const {
        return (position < history ? parentStart : ownStart) + position;
    }

    template <int D>
    __device__ __forceinline__ long long offset(int position) const {
        return (row(position) * kvHeads + kvHead) * D;
    }
};

/** Keys in pages of 16 tokens, [pages, kvHeads, 16, D]; a sequence's pages are listed in order. */
struct PagedKeys {
    static constexpr int PAGE = 16;
    const int* pages;
    int kvHeads, kvHead;

    template <int D>
    __device__ __forceinline__ long long offset(int position) const {
        long long page = pages[position / PAGE];
        return ((page * kvHeads + kvHead) * PAGE + position % PAGE) * D;
    }
};

/** Whether a query sees a key. */
__device__ __forceinline__ bool isVisible(int query, int key, int window) {
    return key <= query && (window <= 0 || query - key < window);
}

/** The first key that a query sees. */
__device__ __forceinline__ int firstVisible(int query, int window) {
    return window > 0 ? max(0, query - window + 1) : 0;
}

/** Fills a tile [rows, D] of F32 from rows at the offsets given, zeros where the offset is negative. */
template <int D, class T, class Offset>
__device__ __forceinline__ void loadTile(float* tile, int rows, const T* from, Offset offsetOfRow) {
    for (int i = threadIdx.x; i < rows * D; i += blockDim.x) {
        long long offset = offsetOfRow(i / D);
        tile[i / D * TILE_STRIDE<D> + i % D] = offset < 0 ? 0.0f : load(from + offset + i % D);
    }
}

/** dots[n] = Σ_d x[d] · rows[n · apart][d], each one chain of fused multiply-adds in order. */
template <int D, int count>
__device__ __forceinline__ void dotRows(const float* x, const float* rows, int apart, float (&dots)[count]) {
#pragma unroll
    for (int n = 0; n < count; n++) {
        dots[n] = 0;
    }
#pragma unroll 4
    for (int d = 0; d < D; d += 4) {
        float4 a = *reinterpret_cast<const float4*>(x + d);
#pragma unroll
        for (int n = 0; n < count; n++) {
            float4 b = *reinterpret_cast<const float4*>(rows + n * apart * TILE_STRIDE<D> + d);
            dots[n] = fmaf(a.x, b.x, dots[n]);
            dots[n] = fmaf(a.y, b.y, dots[n]);
            dots[n] = fmaf(a.z, b.z, dots[n]);
            dots[n] = fmaf(a.w, b.w, dots[n]);
        }
    }
}
