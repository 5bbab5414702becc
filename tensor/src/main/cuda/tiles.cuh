// SPDX-License-Identifier: Apache-2.0
//
// Which tile of a matrix product a block computes. All tiles are in one dimension of the grid, the only one that has no limit
// worth the name; bands of 8 rows of tiles, each column by column, so that blocks that run together share operands in the cache.
#pragma once
#include "portable.cuh"

/** The tile [ROWS, COLUMNS] of this block in an output [m, n]. */
template <int ROWS, int COLUMNS>
struct TileOfBlock {
    static constexpr int BAND = 8;
    long long firstRow, firstColumn;
    int rows, columns; // from the tile's first to the matrix' last, more than the tile has where others follow

    __device__ __forceinline__ TileOfBlock(int m, int n) {
        int down = (m - 1) / ROWS + 1;
        int across = (n - 1) / COLUMNS + 1;
        int band = blockIdx.x / (BAND * across);
        int inBand = blockIdx.x % (BAND * across);
        int height = min(BAND, down - band * BAND);
        firstRow = static_cast<long long>(band * BAND + inBand % height) * ROWS;
        firstColumn = static_cast<long long>(inBand / height) * COLUMNS;
        rows = static_cast<int>(m - firstRow);
        columns = static_cast<int>(n - firstColumn);
    }
};
