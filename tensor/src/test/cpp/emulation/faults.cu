// SPDX-License-Identifier: Apache-2.0
//
// Kernels that are wrong on purpose: each must be caught, or must show what the emulation promises to show. Never shipped.
#include "intrinsics.cuh"

/** Reads a neighbour's element without waiting for it: NaN in some order of the threads. */
KERNEL(fault_missing_barrier, 64, (const float* x, float* out)) {
    SHARED(float, values, 64);
    values[threadIdx.x] = x[threadIdx.x];
    out[threadIdx.x] = values[63 - threadIdx.x];
}

KERNEL(fault_divergent_barrier, 64, (float* out)) {
    if (threadIdx.x < 32) {
        __syncthreads();
        out[threadIdx.x] = 1;
    } else {
        __syncthreads();
        out[threadIdx.x] = 2;
    }
}

/** Half of a warp waits for lanes that wait at the barrier. */
KERNEL(fault_deadlock, 32, (float* out)) {
    if (threadIdx.x < 16) {
        out[threadIdx.x] = __shfl_xor_sync(0xFFFFFFFFu, 1.0f, 1);
    }
    __syncthreads();
}

KERNEL(fault_lane_outside_mask, 32, (float* out)) {
    out[threadIdx.x] = __shfl_xor_sync(0xFFFFu, 1.0f, 1);
}

KERNEL(fault_divergent_warp, 32, (float* out)) {
    if (threadIdx.x < 16) {
        out[threadIdx.x] = __shfl_xor_sync(0xFFFFFFFFu, 1.0f, 1);
    } else {
        out[threadIdx.x] = __shfl_xor_sync(0xFFFFFFFFu, 2.0f, 1);
    }
}

/** A lane that has returned has no value to give. */
KERNEL(fault_absent_lane, 32, (float* out)) {
    if (threadIdx.x == 1) {
        return;
    }
    out[threadIdx.x] = __shfl_sync(0xFFFFFFFFu, 5.0f, threadIdx.x == 0 ? 1 : 2);
}

/** The copy is not awaited: out stays NaN, except where the last line waits. */
KERNEL(fault_copy_not_awaited, 1, (const float* x, float* out)) {
    SHARED(float, tile, 8);
    copyAsync16(tile, x, true);
    copyAsyncCommit();
    copyAsync16(tile + 4, x, true);
    copyAsyncCommit();
    out[0] = tile[0];
    copyAsyncWait<1>();
    out[1] = tile[0];
    out[2] = tile[4];
    copyAsyncWait<0>();
    out[3] = tile[4];
}

KERNEL(fault_dynamic_shared_is_poisoned, 1, (float* out)) {
    DYNAMIC_SHARED(float, memory);
    out[0] = memory[0];
}

KERNEL(fault_writes_outside, 1, (float* out, int at)) {
    out[at] = 1;
}
