// SPDX-License-Identifier: Apache-2.0
//
// What the attention kernels share: where the keys of a segment lie, which of them a query sees, and tiles in shared memory.
//
// A batch is ragged: segment s owns the packed rows [starts[s], starts[s + 1]) and may continue a parent, whose rows come before
// its own. The host cuts the segments into tiles of rows and passes a list of (segment, first row within it).
//
// A head may have any size headDim up to the D that a kernel is compiled for, the smallest that fits. Rows in memory are headDim
// apart; in shared memory they are D long, filled up so that the surplus changes no bit: a chain of fused multiply-adds goes on
// with products of -0 and 0, and adding -0 leaves every number as it is, -0 too.
#pragma once
#include "exp.cuh"
#include "sums.cuh"

/** Threads that share a row of a tile: each computes some of its scores and some of its output's elements. */
constexpr int ROW_SHARERS = 8;

/** Elements between rows of a tile: rows four apart in a warp then lie in different banks. */
template <int D>
constexpr int TILE_STRIDE = D + 4;

/** The position of a segment's first row: the rows of its parent come before. */
__device__ __forceinline__ int historyOf(const int* starts, const int* parents, int segment) {
    int parent = parents[segment];
    return parent < 0 ? 0 : starts[parent + 1] - starts[parent];
}

/**
 * The next segment that sees the keys of one, after itself and in order: its children; segments if there is none. A child has no
 * children. Whole warps must call.
 */
__device__ __forceinline__ int nextReader(const int* parents, int segments, int segment, int reader) {
    if (parents[segment] >= 0) {
        return segments;
    }
    int lane = threadIdx.x & 31;
    for (int from = reader + 1; from < segments; from += 32) {
        bool child = from + lane < segments && parents[min(from + lane, segments - 1)] == segment;
        unsigned children = __ballot_sync(ALL_LANES, child);
        if (children != 0) {
            return from + lowestBit(children);
        }
    }
    return segments;
}

/** Where the rows of a segment and its parent lie in the batch. */
template <class Row>
struct PackedRows {
    Row parentStart, ownStart; // ownStart as if the segment began at position 0
    int history;

    __device__ __forceinline__ PackedRows(const int* starts, const int* parents, int segment) {
        int parent = parents[segment];
        parentStart = parent < 0 ? 0 : starts[parent];
        history = historyOf(starts, parents, segment);
        ownStart = static_cast<Row>(starts[segment]) - history;
    }

    __device__ __forceinline__ Row row(int position) const {
        return (position < history ? parentStart : ownStart) + position;
    }
};

/** Keys in the batch itself, [N, kvHeads, headDim]. */
struct PackedKeys : PackedRows<long long> {
    int kvHeads, kvHead, headDim;

    __device__ __forceinline__ PackedKeys(
            const int* starts, const int* parents, int segment, int kvHeads, int kvHead, int headDim)
        : PackedRows(starts, parents, segment), kvHeads(kvHeads), kvHead(kvHead), headDim(headDim) {}

    __device__ __forceinline__ long long offset(int position) const {
        return (row(position) * kvHeads + kvHead) * headDim;
    }
};

/** Keys in pages of 16 tokens, [pages, kvHeads, 16, headDim]; a sequence's pages are listed in order. */
struct PagedKeys {
    static constexpr int PAGE = 16;
    const int* pages;
    int kvHeads, kvHead, headDim;

    __device__ __forceinline__ long long offset(int position) const {
        return offset(pages[position / PAGE], position % PAGE, kvHeads, kvHead, headDim);
    }

    static __device__ __forceinline__ long long offset(long long page, int place, int kvHeads, int kvHead, int headDim) {
        return ((page * kvHeads + kvHead) * PAGE + place) * headDim;
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

/** What comes after the headDim numbers of a row: the product of one of each kind is -0. */
constexpr float LEFT_SURPLUS = -0.0f;
constexpr float RIGHT_SURPLUS = 0.0f;

/** Fills a tile [rows, D] of F32 from rows at the offsets given, with the surplus where the offset is negative. */
template <int D, class T, class Offset>
__device__ __forceinline__ void loadTile(
        float* tile, int rows, const T* from, int headDim, float surplus, Offset offsetOfRow) {
    for (int i = threadIdx.x; i < rows * D; i += blockDim.x) {
        long long offset = i % D < headDim ? offsetOfRow(i / D) : -1;
        tile[i / D * TILE_STRIDE<D> + i % D] = offset < 0 ? surplus : load(from + offset + i % D);
    }
}

/** dots[n] = Σ_d x[d] · rows[n · apart][d], each one chain of fused multiply-adds in order; x with the left surplus. */
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
