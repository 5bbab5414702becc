// SPDX-License-Identifier: Apache-2.0
//
// The matrix product in BF16 on tensor cores, accumulated in F32, in an order that depends on k alone: every element is one chain
// of 16-deep products in order of k. So a row has the same bits in any batch and with any tile, which a library that picks its
// algorithm by the shape does not promise. It rounds otherwise than the F32 kernels: within 16 of k the order is the device's.
//
// Operands come to shared memory as they lie, rows or columns, and are turned round while loading fragments. Rows of a panel
// have no gaps; their 16-byte chunks are permuted so that the eight rows of a fragment lie in different banks.
#include "numbers.cuh"
#include "tiles.cuh"

/** Where the numbers of a panel of one operand, LINES rows of a or columns of b and DEPTH of k, lie in shared memory. */
template <int LINES, int DEPTH, bool alongK>
struct PanelLayout {
    static constexpr int CHUNK = 8; // numbers in 16 bytes
    static constexpr int WIDTH = (alongK ? DEPTH : LINES) / CHUNK;
    static constexpr int CHUNKS = LINES * DEPTH / CHUNK;

    static __device__ __forceinline__ int offset(int row, int chunk) {
        int permutation = WIDTH >= 8 ? row % 8 : row / (8 / WIDTH) % WIDTH;
        return (row * WIDTH + (chunk ^ permutation)) * CHUNK;
    }

    /** Begins copying a panel; zeros where the matrix has no line or no more of k. */
    static __device__ __forceinline__ void fetch(
            BFloat16* panel, const BFloat16* x, long long apart, int lines, int left, bool aligned) {
#pragma unroll 4
        for (int i = threadIdx.x; i < CHUNKS; i += blockDim.x) {
            int row = i / WIDTH;
            int chunk = i % WIDTH;
            int inside = row < (alongK ? lines : left) ? (alongK ? left : lines) - chunk * CHUNK : 0;
            const BFloat16* from = x + row * apart + chunk * CHUNK;
            BFloat16* to = panel + offset(row, chunk);
            if (inside >= CHUNK && aligned) {
                copyAsync16(to, from, true);
            } else if (inside <= 0) {
                *reinterpret_cast<uint4*>(to) = uint4{0, 0, 0, 0};
            } else {
#pragma unroll 1
                for (int n = 0; n < CHUNK; n++) {
                    to[n] = n < inside ? from[n] : BFloat16{0};
                }
            }
        }
    }

    /** Four 8x8 tiles from the place given on; lane 8i + j brings a row of the tile {@code lineOfTile, kOfTile} further. */
    static __device__ __forceinline__ void load(unsigned (&tiles)[4], const BFloat16* panel, int line, int k, bool linesFirst) {
        int tile = threadIdx.x % 32 / 8;
        int within = threadIdx.x % 8;
        line += (linesFirst ? tile % 2 : tile / 2) * 8;
        k += (linesFirst ? tile / 2 : tile % 2) * 8;
        if (alongK) {
            loadTiles(tiles, panel + offset(line + within, k / CHUNK));
        } else {
            loadTilesTransposed(tiles, panel + offset(k + within, line / CHUNK));
        }
    }
};

/** A tile [ROWS, COLUMNS] of the output, shared by WARPS_DOWN · WARPS_ACROSS warps; three panels, two of them under way. */
template <int ROWS, int COLUMNS, int DEPTH, int WARPS_DOWN, int WARPS_ACROSS>
struct NarrowTile {
    static constexpr int DOWN = ROWS / WARPS_DOWN / 16;        // tiles of 16 rows per warp
    static constexpr int ACROSS = COLUMNS / WARPS_ACROSS / 16; // pairs of tiles of 8 columns per warp
    float sums[DOWN][2 * ACROSS][4];
    int row, column; // of the warp within the tile

    __device__ __forceinline__ NarrowTile() {
        int warp = threadIdx.x / 32;
        row = warp / WARPS_ACROSS * DOWN * 16;
        column = warp % WARPS_ACROSS * ACROSS * 16;
    }

    /** Calls body(row, column, sum) for the elements of this thread. */
    template <class Body>
    __device__ __forceinline__ void forEachElement(Body body) {
        int lane = threadIdx.x % 32;
#pragma unroll
        for (int i = 0; i < DOWN; i++) {
#pragma unroll
            for (int j = 0; j < 2 * ACROSS; j++) {
#pragma unroll
                for (int e = 0; e < 4; e++) {
                    body(row + i * 16 + lane / 4 + e / 2 * 8, column + j * 8 + lane % 4 * 2 + e % 2, sums[i][j][e]);
                }
            }
        }
    }

    /** Adds the products of a, from the tile's first row on, and b, from its first column on. */
    template <bool aAlongK, bool bAlongK>
    __device__ __forceinline__ void addProducts(
            BFloat16* left,
            BFloat16* right,
            const BFloat16* a,
            long long aApart,
            int rows,
            const BFloat16* b,
            long long bApart,
            int columns,
            int k) {
        using Left = PanelLayout<ROWS, DEPTH, aAlongK>;
        using Right = PanelLayout<COLUMNS, DEPTH, bAlongK>;
        bool aAligned = reinterpret_cast<unsigned long long>(a) % 16 == 0 && aApart % 8 == 0;
        bool bAligned = reinterpret_cast<unsigned long long>(b) % 16 == 0 && bApart % 8 == 0;
        int panels = k / DEPTH + (k % DEPTH != 0);
        auto fetch = [&](int panel) {
            if (panel < panels) {
                int from = panel * DEPTH;
                const BFloat16* ofA = a + from * (aAlongK ? 1 : aApart);
                const BFloat16* ofB = b + from * (bAlongK ? 1 : bApart);
                Left::fetch(left + panel % 3 * (ROWS * DEPTH), ofA, aApart, rows, k - from, aAligned);
                Right::fetch(right + panel % 3 * (COLUMNS * DEPTH), ofB, bApart, columns, k - from, bAligned);
            }
            copyAsyncCommit(); // of nothing too: the wait below counts groups
        };
#pragma unroll 1
        for (int panel = -2; panel < panels; panel++) {
            if (panel >= 0) {
                copyAsyncWait<1>();
                __syncthreads(); // this panel is there for all, and all have done with the one before
            }
            fetch(panel + 2);
            if (panel >= 0) {
                multiplyPanels<Left, Right>(left + panel % 3 * (ROWS * DEPTH), right + panel % 3 * (COLUMNS * DEPTH));
            }
        }
    }

    template <class Left, class Right>
    __device__ __forceinline__ void multiplyPanels(const BFloat16* left, const BFloat16* right) {
#pragma unroll 2
        for (int d = 0; d < DEPTH; d += 16) {
            unsigned x[DOWN][4];
            unsigned y[ACROSS][4];
#pragma unroll
            for (int i = 0; i < DOWN; i++) {
                Left::load(x[i], left, row + i * 16, d, true);
            }
#pragma unroll
            for (int j = 0; j < ACROSS; j++) {
                Right::load(y[j], right, column + j * 16, d, false);
            }
#pragma unroll
            for (int i = 0; i < DOWN; i++) {
#pragma unroll
                for (int j = 0; j < 2 * ACROSS; j++) {
                    multiplyTile(sums[i][j], x[i], y[j / 2][j % 2 * 2], y[j / 2][j % 2 * 2 + 1]);
                }
            }
        }
    }
};

template <int ROWS, int COLUMNS, int DEPTH, int WARPS_DOWN, int WARPS_ACROSS, class Out>
__device__ __forceinline__ void multiplyNarrow(
        const BFloat16* a,
        long long aApart,
        int aTransposed,
        const BFloat16* b,
        long long bApart,
        int bTransposed,
        int m,
        int n,
        int k,
        int accumulate,
        Out* out) {
    SHARED(BFloat16, left, 3 * ROWS * DEPTH);
    SHARED(BFloat16, right, 3 * COLUMNS * DEPTH);
    TileOfBlock<ROWS, COLUMNS> tile(m, n);
    NarrowTile<ROWS, COLUMNS, DEPTH, WARPS_DOWN, WARPS_ACROSS> sums;
    Out* to = out + tile.firstRow * n + tile.firstColumn;
    sums.forEachElement([=](int row, int column, float& sum) {
        bool add = accumulate && row < tile.rows && column < tile.columns;
        sum = add ? load(to + static_cast<long long>(row) * n + column) : 0.0f;
    });
    a += tile.firstRow * (aTransposed ? 1 : aApart);
    b += tile.firstColumn * (bTransposed ? bApart : 1);
    if (!aTransposed && bTransposed) { // a layer forward
        sums.template addProducts<true, true>(left, right, a, aApart, tile.rows, b, bApart, tile.columns, k);
    } else if (!aTransposed) { // the gradient of its input
        sums.template addProducts<true, false>(left, right, a, aApart, tile.rows, b, bApart, tile.columns, k);
    } else if (!bTransposed) { // the gradient of its weight
        sums.template addProducts<false, false>(left, right, a, aApart, tile.rows, b, bApart, tile.columns, k);
    } else {
        sums.template addProducts<false, true>(left, right, a, aApart, tile.rows, b, bApart, tile.columns, k);
    }
    sums.forEachElement([=](int row, int column, float& sum) {
        if (row < tile.rows && column < tile.columns) {
            store(to + static_cast<long long>(row) * n + column, sum);
        }
    });
}

// a [batch, m, k]: the rows of its matrices aApart elements apart, or, if aTransposed is not 0, their columns, and the other
// direction dense; b [batch, k, n] likewise. The matrices lie any distance apart, 0 for one that all share. out [batch, m, n]: its
// matrices contiguous, outBatch apart; out = a · b, or out += a · b where accumulate is not 0 (in F32, rounded once). m and n at
// least 1. Fast where the operands are 16-byte aligned and the distances multiples of 8. Grid: (m / 128) · (n / 128), both rounded
// up, by batch; 256 threads.
#define MATMUL_BF16(name, Out)                                                                                         \
    KERNEL(matmul_##name, 256,                                                                                         \
           (const BFloat16* a, long long aBatch, long long aApart, int aTransposed, const BFloat16* b,                 \
            long long bBatch, long long bApart, int bTransposed, int m, int n, int k, int accumulate, Out* out,        \
            long long outBatch)) {                                                                                     \
        multiplyNarrow<128, 128, 32, 2, 4>(a + blockIdx.y * aBatch, aApart, aTransposed, b + blockIdx.y * bBatch,      \
                                           bApart, bTransposed, m, n, k, accumulate, out + blockIdx.y * outBatch);     \
    }
MATMUL_BF16(bf16, BFloat16)
MATMUL_BF16(bf16_to_f32, float)

// The same with the same bits in small tiles, so that a few rows keep more processors busy, each with deep panels under way; any
// m. Grid: (m / 16) · (n / 32), both rounded up, by batch; 64 threads.
#define MATMUL_FEW_ROWS_BF16(name, Out)                                                                                \
    KERNEL(matmul_few_rows_##name, 64,                                                                                 \
           (const BFloat16* a, long long aBatch, long long aApart, int aTransposed, const BFloat16* b,                 \
            long long bBatch, long long bApart, int bTransposed, int m, int n, int k, int accumulate, Out* out,        \
            long long outBatch)) {                                                                                     \
        multiplyNarrow<16, 32, 128, 1, 2>(a + blockIdx.y * aBatch, aApart, aTransposed, b + blockIdx.y * bBatch,       \
                                          bApart, bTransposed, m, n, k, accumulate, out + blockIdx.y * outBatch);      \
    }
MATMUL_FEW_ROWS_BF16(bf16, BFloat16)
MATMUL_FEW_ROWS_BF16(bf16_to_f32, float)
