// SPDX-License-Identifier: Apache-2.0
//
// One product of tiles on a tensor core, through every warp instruction that the kernels may use. An emulated device can only
// confirm one reading of the PTX manual's fragment layouts; this kernel lets a real one confirm it too.
#include "numbers.cuh"

// a [16, 16]; b [16, 8]; bTransposed [8, 16]; products [2, 16, 8]: a · b from bTransposed as it is, and from b turned round while
// loading. All inputs 16-byte aligned. Grid: 1.
KERNEL(check_fragments, 32, (const BFloat16* a, const BFloat16* b, const BFloat16* bTransposed, float* products)) {
    SHARED(BFloat16, aTile, 16 * 16);
    SHARED(BFloat16, bTile, 16 * 8);
    SHARED(BFloat16, bTransposedTile, 8 * 16);
    int lane = threadIdx.x;
    copyAsync16(aTile + 8 * lane, a + 8 * lane, true);
    copyAsync16((lane < 16 ? bTile : bTransposedTile) + lane % 16 * 8, (lane < 16 ? b : bTransposed) + lane % 16 * 8, true);
    copyAsyncCommit();
    copyAsyncWait<0>();
    __syncthreads();

    unsigned ofA[4]; // rows 0 and 8, columns 0; rows 0 and 8, columns 8
    unsigned ofB[2][4]; // rows 0 and 8, twice
    loadTiles(ofA, aTile + lane % 16 * 16 + lane / 16 * 8);
    loadTiles(ofB[0], bTransposedTile + lane % 8 * 16 + lane / 8 % 2 * 8);
    loadTilesTransposed(ofB[1], bTile + lane % 16 * 8);
#pragma unroll
    for (int way = 0; way < 2; way++) {
        float product[4] = {};
        multiplyTile(product, ofA, ofB[way][0], ofB[way][1]);
#pragma unroll
        for (int i = 0; i < 4; i++) {
            products[way * 128 + (lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2] = product[i];
        }
    }
}
