// SPDX-License-Identifier: Apache-2.0
//
// The matrix product in F32 with the bits of the CPU: each element is one chain of fused multiply-adds over k in order, from 0 or
// from what the output holds. So k is never split over threads, and every kernel here gives the same bits whatever its tile; the
// host may choose by speed alone.
//
// A batch of products is one launch: blockIdx.y counts the matrices, which lie any distance apart, 0 for a matrix that all share.
// A single product is a batch of one.
//
// Operands have any strides; a transpose is a view. Panels of both go through shared memory, read along whichever direction has
// stride 1. Where k ends inside a panel it is filled up with -0 on the left and 0 on the right: adding their product, -0, changes
// no number.
#include "numbers.cuh"
#include "tiles.cuh"

constexpr int MATMUL_THREADS = 256;
constexpr int MATMUL_DEPTH = 16; // of k per panel
constexpr int MATMUL_SIDE = 16;  // threads along each side of a tile

constexpr int FEW_ROWS = 8;      // a warp each
constexpr int FEW_COLUMNS = 32;  // a lane each
constexpr int FEW_DEPTH = 128;   // deep, so that enough reads are under way where there are few blocks

/** The panels of one operand: LINES rows of a or columns of b, DEPTH of k. Each thread holds some numbers of the next one. */
template <int LINES, int DEPTH>
struct PanelReader {
    static constexpr int COUNT = LINES * DEPTH / MATMUL_THREADS;
    const float* next;       // this thread's first number of the next panel
    long long step, advance; // elements to this thread's next number, and to its first of the panel after
    int line, lineStep, depth, depthStep, lines;
    float surplus;
    float numbers[COUNT];

    __device__ __forceinline__ PanelReader(const float* x, long long lineStride, long long kStride, int lines, float surplus)
        : lines(lines), surplus(surplus) {
        bool alongK = kStride == 1; // then neighbouring threads read neighbouring k, else neighbouring lines
        int t = threadIdx.x;
        line = alongK ? t / DEPTH : t % LINES;
        depth = alongK ? t % DEPTH : t / LINES;
        lineStep = alongK ? MATMUL_THREADS / DEPTH : 0;
        depthStep = alongK ? 0 : MATMUL_THREADS / LINES;
        step = lineStep * lineStride + depthStep * kStride;
        advance = DEPTH * kStride;
        next = x + line * lineStride + depth * kStride;
    }

    /** Begins reading the next panel, of which {@code left} of k are in the matrix. */
    __device__ __forceinline__ void fetch(int left) {
#pragma unroll
        for (int i = 0; i < COUNT; i++) {
            bool inside = line + i * lineStep < lines && depth + i * depthStep < left;
            numbers[i] = inside ? next[i * step] : surplus;
        }
        next += advance;
    }

    __device__ __forceinline__ void put(float* panel, int linesApart, int depthsApart) const {
#pragma unroll
        for (int i = 0; i < COUNT; i++) {
            panel[(line + i * lineStep) * linesApart + (depth + i * depthStep) * depthsApart] = numbers[i];
        }
    }
};

/** One tile of the output per block, TILE / 16 squared elements per thread; two panels, one in use and one being filled. */
template <int TILE>
__device__ __forceinline__ void multiplyTiles(
        const float* a,
        long long aRow,
        long long aColumn,
        const float* b,
        long long bRow,
        long long bColumn,
        int m,
        int n,
        int k,
        int accumulate,
        float* out) {
    constexpr int STRIDE = TILE + 4; // rows in other banks, and float4 still aligned
    constexpr int PANEL = MATMUL_DEPTH * STRIDE;
    constexpr int PER_THREAD = TILE / MATMUL_SIDE; // along each side, in runs of 4
    SHARED(float, left, 2 * PANEL);                // [2, depth, row]
    SHARED(float, right, 2 * PANEL);               // [2, depth, column]
    TileOfBlock<TILE, TILE> tile(m, n);
    int row = threadIdx.x / MATMUL_SIDE * 4;
    int column = threadIdx.x % MATMUL_SIDE * 4;
    auto rowOf = [=](int i) { return row + i / 4 * (4 * MATMUL_SIDE) + i % 4; };
    auto columnOf = [=](int i) { return column + i / 4 * (4 * MATMUL_SIDE) + i % 4; };
    float* to = out + tile.firstRow * n + tile.firstColumn;

    float sums[PER_THREAD][PER_THREAD];
#pragma unroll
    for (int i = 0; i < PER_THREAD; i++) {
#pragma unroll
        for (int j = 0; j < PER_THREAD; j++) {
            bool add = accumulate && rowOf(i) < tile.rows && columnOf(j) < tile.columns;
            sums[i][j] = add ? to[static_cast<long long>(rowOf(i)) * n + columnOf(j)] : 0.0f;
        }
    }
    PanelReader<TILE, MATMUL_DEPTH> ofA(a + tile.firstRow * aRow, aRow, aColumn, tile.rows, -0.0f);
    PanelReader<TILE, MATMUL_DEPTH> ofB(b + tile.firstColumn * bColumn, bColumn, bRow, tile.columns, 0.0f);
    ofA.fetch(k);
    ofB.fetch(k);
    ofA.put(left, 1, STRIDE);
    ofB.put(right, 1, STRIDE);
    __syncthreads();
    int current = 0;
    for (int remaining = k; remaining > 0; remaining -= MATMUL_DEPTH) {
        bool more = remaining > MATMUL_DEPTH;
        if (more) {
            ofA.fetch(remaining - MATMUL_DEPTH);
            ofB.fetch(remaining - MATMUL_DEPTH);
        }
        const float* leftPanel = left + current * PANEL;
        const float* rightPanel = right + current * PANEL;
#pragma unroll 4
        for (int d = 0; d < MATMUL_DEPTH; d++) {
            float x[PER_THREAD];
            float y[PER_THREAD];
#pragma unroll
            for (int i = 0; i < PER_THREAD; i += 4) {
                *reinterpret_cast<float4*>(x + i) = *reinterpret_cast<const float4*>(leftPanel + d * STRIDE + rowOf(i));
                *reinterpret_cast<float4*>(y + i) = *reinterpret_cast<const float4*>(rightPanel + d * STRIDE + columnOf(i));
            }
#pragma unroll
            for (int i = 0; i < PER_THREAD; i++) {
#pragma unroll
                for (int j = 0; j < PER_THREAD; j++) {
                    sums[i][j] = fmaf(x[i], y[j], sums[i][j]);
                }
            }
        }
        current ^= 1;
        if (more) {
            ofA.put(left + current * PANEL, 1, STRIDE);
            ofB.put(right + current * PANEL, 1, STRIDE);
        }
        __syncthreads();
    }
#pragma unroll
    for (int i = 0; i < PER_THREAD; i++) {
#pragma unroll
        for (int j = 0; j < PER_THREAD; j++) {
            if (rowOf(i) < tile.rows && columnOf(j) < tile.columns) {
                to[static_cast<long long>(rowOf(i)) * n + columnOf(j)] = sums[i][j];
            }
        }
    }
}

/** 32 columns of all rows per block, an element per thread: the threads without a row still help to read. */
__device__ __forceinline__ void multiplyFewRows(
        const float* a,
        long long aRow,
        long long aColumn,
        const float* b,
        long long bRow,
        long long bColumn,
        int m,
        int n,
        int k,
        int accumulate,
        float* out) {
    constexpr int STRIDE = FEW_COLUMNS + 1;
    SHARED(float, left, 2 * FEW_ROWS * FEW_DEPTH); // [2, row, depth]
    SHARED(float, right, 2 * FEW_DEPTH * STRIDE);  // [2, depth, column]
    int row = threadIdx.x / FEW_COLUMNS;
    int lane = threadIdx.x % FEW_COLUMNS;
    long long firstColumn = static_cast<long long>(blockIdx.x) * FEW_COLUMNS;
    int columns = static_cast<int>(n - firstColumn);
    bool owner = row < m && lane < columns;
    float* to = out + static_cast<long long>(row) * n + firstColumn + lane;
    float sum = owner && accumulate ? *to : 0.0f;
    PanelReader<FEW_ROWS, FEW_DEPTH> ofA(a, aRow, aColumn, m, -0.0f);
    PanelReader<FEW_COLUMNS, FEW_DEPTH> ofB(b + firstColumn * bColumn, bColumn, bRow, columns, 0.0f);
    ofA.fetch(k);
    ofB.fetch(k);
    ofA.put(left, FEW_DEPTH, 1);
    ofB.put(right, 1, STRIDE);
    __syncthreads();
    int current = 0;
    for (int remaining = k; remaining > 0; remaining -= FEW_DEPTH) {
        bool more = remaining > FEW_DEPTH;
        if (more) {
            ofA.fetch(remaining - FEW_DEPTH);
            ofB.fetch(remaining - FEW_DEPTH);
        }
        if (row < m) { // the whole warp
            const float* x = left + (current * FEW_ROWS + row) * FEW_DEPTH;
            const float* y = right + current * FEW_DEPTH * STRIDE + lane;
#pragma unroll 8
            for (int d = 0; d < FEW_DEPTH; d += 4) {
                float4 four = *reinterpret_cast<const float4*>(x + d);
                sum = fmaf(four.x, y[d * STRIDE], sum);
                sum = fmaf(four.y, y[(d + 1) * STRIDE], sum);
                sum = fmaf(four.z, y[(d + 2) * STRIDE], sum);
                sum = fmaf(four.w, y[(d + 3) * STRIDE], sum);
            }
        }
        current ^= 1;
        if (more) {
            ofA.put(left + current * FEW_ROWS * FEW_DEPTH, FEW_DEPTH, 1);
            ofB.put(right + current * FEW_DEPTH * STRIDE, 1, STRIDE);
        }
        __syncthreads();
    }
    if (owner) {
        *to = sum;
    }
}

// a [batch, m, k] and b [batch, k, n] with strides in elements; out [batch, m, n], its matrices contiguous and outBatch apart.
// out = a · b, or out += a · b where accumulate is not 0. m and n at least 1. Grid: (m / T) · (n / T), both rounded up, T = 64 or
// 128, by batch; 256 threads.
#define MATMUL(T)                                                                                                      \
    KERNEL(matmul_f32_##T, MATMUL_THREADS,                                                                             \
           (const float* a, long long aBatch, long long aRow, long long aColumn, const float* b, long long bBatch,     \
            long long bRow, long long bColumn, int m, int n, int k, int accumulate, float* out, long long outBatch)) { \
        multiplyTiles<T>(a + blockIdx.y * aBatch, aRow, aColumn, b + blockIdx.y * bBatch, bRow, bColumn, m, n, k,      \
                         accumulate, out + blockIdx.y * outBatch);                                                     \
    }
MATMUL(64)
MATMUL(128)

// The same for m of at most 8. Grid: n / 32, rounded up, by batch; 256 threads.
KERNEL(matmul_few_rows_f32, MATMUL_THREADS,
       (const float* a, long long aBatch, long long aRow, long long aColumn, const float* b, long long bBatch, long long bRow,
        long long bColumn, int m, int n, int k, int accumulate, float* out, long long outBatch)) {
    multiplyFewRows(a + blockIdx.y * aBatch, aRow, aColumn, b + blockIdx.y * bBatch, bRow, bColumn, m, n, k, accumulate,
                    out + blockIdx.y * outBatch);
}
