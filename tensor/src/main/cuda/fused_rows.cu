// SPDX-License-Identifier: Apache-2.0
//
// A decoder layer for one to four rows in few kernels. A step of decoding reads every weight once and computes next to nothing, so
// for a small model it is launches, and waits for the kernel before, that take the time: what stands before and after a product is
// done with it, and products that share their input are one launch.
//
// Decisions
// - A warp owns a column of the product, a group of warps where k is long; lanes take 16-byte vectors of the weight in turn and use
//   each for all rows. The order of a sum depends on k alone, but is not that of the matrix products for more rows.
// - The norm before a product is computed again by every block: its row comes from the cache, and the block's first weights are on
//   their way meanwhile.
// - A number is rounded wherever the separate kernels would store it, so both ways differ by the order of sums only. The kernels
//   without a product have the separate ones' bits.
#include "attention.cuh"
#include "exp.cuh"
#include "sums.cuh"
#include "vectors.cuh"

constexpr int FUSED_THREADS = 256;
constexpr int FUSED_WARPS = FUSED_THREADS / 32;
/** Warps that share a column where k is long. */
constexpr int LONG_COLUMN_WARPS = 4;

/** What a number is after it was stored. */
template <class T>
__device__ __forceinline__ float rounded(float x) {
    T stored;
    store(&stored, x);
    return load(&stored);
}

/** Σ over the warp, the same for every lane. */
__device__ __forceinline__ float warpSum(float x) {
#pragma unroll
    for (int width = 16; width > 0; width /= 2) {
        x += __shfl_xor_sync(ALL_LANES, x, width);
    }
    return x;
}

/** The products of one column of weights [k] with ROWS rows, shared by the threads of WARPS neighbouring warps. */
template <class T, int ROWS, int WARPS>
struct ColumnProduct {
    static constexpr int N = VECTOR<T>;
    static constexpr int AHEAD = 4;
    static constexpr int STEP = 32 * WARPS;
    const T* weights;
    int k;
    int first;   // this thread's place among those that share
    int vectors; // 0 where the column is not aligned
    Vector<T, N> ahead[AHEAD];

    /** Asks for the first vectors; aligned says whether those of the rows are. */
    __device__ __forceinline__ ColumnProduct(const T* column, int k, bool aligned) : weights(column), k(k) {
        first = threadIdx.x % STEP;
        vectors = k % N == 0 && aligned && isAligned<N>(column) ? k / N : 0;
        fetch(first);
    }

    __device__ __forceinline__ void fetch(int from) {
#pragma unroll
        for (int u = 0; u < AHEAD; u++) {
            int v = from + u * STEP;
            if (v < vectors) {
                ahead[u] = loadVector<N>(weights + static_cast<long long>(v) * N);
            }
        }
    }

    /** Adds this thread's share; row r lies at x + offsets[r]. */
    __device__ __forceinline__ void addTo(float (&sums)[ROWS], const T* x, const long long (&offsets)[ROWS]) {
#pragma unroll 1
        for (int from = first; from < vectors; from += AHEAD * STEP) {
#pragma unroll
            for (int u = 0; u < AHEAD; u++) {
                int v = from + u * STEP;
                if (v < vectors) {
#pragma unroll
                    for (int r = 0; r < ROWS; r++) {
                        Vector<T, N> of = loadVector<N>(x + offsets[r] + v * N);
#pragma unroll
                        for (int e = 0; e < N; e++) {
                            sums[r] = fmaf(element(of, e), element(ahead[u], e), sums[r]);
                        }
                    }
                }
            }
            fetch(from + AHEAD * STEP);
        }
        if (vectors == 0) {
            for (int i = first; i < k; i += STEP) {
                float weight = load(weights + i);
#pragma unroll
                for (int r = 0; r < ROWS; r++) {
                    sums[r] = fmaf(load(x + offsets[r] + i), weight, sums[r]);
                }
            }
        }
    }
};

/** RMSNorm of the rows into shared memory [ROWS, k], for a block; a row that does not exist is the last that does. */
template <class T, int ROWS>
__device__ __forceinline__ void normalizeRows(
        const T* x, const float* gain, float epsilon, int rows, int k, T* normalized, long long (&offsets)[ROWS]) {
    SHARED(float, ofWarp, ROWS * FUSED_WARPS);
    float sums[ROWS];
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
        const T* row = x + static_cast<long long>(min(r, rows - 1)) * k;
        float sum = 0;
#pragma unroll 4
        for (int i = threadIdx.x; i < k; i += FUSED_THREADS) {
            float value = load(row + i);
            sum = fmaf(value, value, sum);
        }
        sums[r] = warpSum(sum);
        if (threadIdx.x % 32 == 0) {
            ofWarp[r * FUSED_WARPS + threadIdx.x / 32] = sums[r];
        }
    }
    __syncthreads();
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
        const T* row = x + static_cast<long long>(min(r, rows - 1)) * k;
        float sum = 0;
#pragma unroll
        for (int warp = 0; warp < FUSED_WARPS; warp++) {
            sum += ofWarp[r * FUSED_WARPS + warp];
        }
        float scale = 1.0f / sqrtf(sum / static_cast<float>(k) + epsilon);
#pragma unroll 4
        for (int i = threadIdx.x; i < k; i += FUSED_THREADS) {
            store(normalized + static_cast<long long>(r) * k + i, load(row + i) * scale * gain[i]);
        }
        offsets[r] = static_cast<long long>(r) * k;
    }
    __syncthreads();
}

/** Several products with the same normalized rows, one column of one of them per warp. */
template <class T, int ROWS>
__device__ __forceinline__ void normLinear(
        const T* x,
        const float* gain,
        float epsilon,
        int rows,
        int k,
        const T* weights0,
        const float* bias0,
        int n0,
        T* out0,
        const T* weights1,
        const float* bias1,
        int n1,
        T* out1,
        const T* weights2,
        const float* bias2,
        int n2,
        T* out2) {
    DYNAMIC_SHARED(T, normalized);
    int column = blockIdx.x * FUSED_WARPS + threadIdx.x / 32;
    bool exists = column < n0 + n1 + n2;
    const T* weights = weights0;
    const float* bias = bias0;
    int n = n0;
    T* out = out0;
    if (exists && column >= n0 + n1) {
        column -= n0 + n1;
        weights = weights2;
        bias = bias2;
        n = n2;
        out = out2;
    } else if (exists && column >= n0) {
        column -= n0;
        weights = weights1;
        bias = bias1;
        n = n1;
        out = out1;
    }
    ColumnProduct<T, ROWS, 1> product(weights + (exists ? static_cast<long long>(column) * k : 0), exists ? k : 0, true);
    long long offsets[ROWS];
    normalizeRows<T, ROWS>(x, gain, epsilon, rows, k, normalized, offsets);
    if (!exists) {
        return; // the whole warp
    }
    float sums[ROWS] = {};
    product.addTo(sums, normalized, offsets);
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
        float sum = rounded<T>(warpSum(sums[r]));
        if (threadIdx.x % 32 == 0 && r < rows) {
            store(out + static_cast<long long>(r) * n + column, bias == nullptr ? sum : sum + bias[column]);
        }
    }
}

/** SwiGLU of two products with the same normalized rows, a column of both per warp. */
template <class T, int ROWS>
__device__ __forceinline__ void normSwiGlu(
        const T* x, const float* gain, float epsilon, int rows, int k, const T* gate, const T* up, int n, T* out) {
    DYNAMIC_SHARED(T, normalized);
    int column = blockIdx.x * FUSED_WARPS + threadIdx.x / 32;
    bool exists = column < n;
    long long at = exists ? static_cast<long long>(column) * k : 0;
    ColumnProduct<T, ROWS, 1> ofGate(gate + at, exists ? k : 0, true);
    ColumnProduct<T, ROWS, 1> ofUp(up + at, exists ? k : 0, true);
    long long offsets[ROWS];
    normalizeRows<T, ROWS>(x, gain, epsilon, rows, k, normalized, offsets);
    if (!exists) {
        return; // the whole warp
    }
    float gates[ROWS] = {};
    float ups[ROWS] = {};
    ofGate.addTo(gates, normalized, offsets);
    ofUp.addTo(ups, normalized, offsets);
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
        float z = rounded<T>(warpSum(gates[r]));
        float u = rounded<T>(warpSum(ups[r]));
        if (threadIdx.x % 32 == 0 && r < rows) {
            store(out + static_cast<long long>(r) * n + column, z / (1.0f + naturalExp(-z)) * u);
        }
    }
}

/** A product with a bias and the residual it is added to, a column per WARPS warps. */
template <class T, int ROWS, int WARPS>
__device__ __forceinline__ void linearAdd(
        const T* x, const T* weights, const float* bias, const T* residual, int rows, int k, int n, T* out) {
    SHARED(float, ofWarp, ROWS * FUSED_WARPS);
    int warp = threadIdx.x / 32;
    int column = blockIdx.x * (FUSED_WARPS / WARPS) + warp / WARPS;
    bool exists = column < n;
    ColumnProduct<T, ROWS, WARPS> product(
            weights + (exists ? static_cast<long long>(column) * k : 0), exists ? k : 0, isAligned<VECTOR<T>>(x));
    long long offsets[ROWS];
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
        offsets[r] = static_cast<long long>(min(r, rows - 1)) * k;
    }
    float sums[ROWS] = {};
    product.addTo(sums, x, offsets);
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
        float sum = warpSum(sums[r]);
        if (threadIdx.x % 32 == 0) {
            ofWarp[r * FUSED_WARPS + warp] = sum;
        }
    }
    __syncthreads();
    if (!exists || threadIdx.x % (32 * WARPS) != 0) {
        return;
    }
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
        float sum = 0;
#pragma unroll
        for (int w = 0; w < WARPS; w++) {
            sum += ofWarp[r * FUSED_WARPS + warp + w];
        }
        sum = rounded<T>(sum);
        if (bias != nullptr) {
            sum = rounded<T>(sum + bias[column]);
        }
        if (r < rows) {
            long long at = static_cast<long long>(r) * n + column;
            store(out + at, load(residual + at) + sum);
        }
    }
}

/** A head of a row per warp: queries and keys are normalized if there are gains and turned, keys and values go to their pages. */
template <class T>
__device__ __forceinline__ void rotateAppend(
        const T* q,
        const T* k,
        const T* v,
        const float* qGain,
        const float* kGain,
        float epsilon,
        const float* cosines,
        const float* sines,
        const int* positions,
        const int* slots,
        int rows,
        int heads,
        int kvHeads,
        int headDim,
        T* keyPages,
        T* valuePages,
        T* out) {
    int all = heads + 2 * kvHeads;
    int unit = (blockIdx.x * blockDim.x + threadIdx.x) / 32;
    int lane = threadIdx.x % 32;
    int row = unit / all;
    int head = unit % all;
    if (row >= rows) {
        return; // the whole warp
    }
    bool isQuery = head < heads;
    bool isKey = !isQuery && head < heads + kvHeads;
    int kvHead = isQuery ? 0 : (head - heads) % kvHeads;
    const T* from = isQuery ? q + (static_cast<long long>(row) * heads + head) * headDim
                            : (isKey ? k : v) + (static_cast<long long>(row) * kvHeads + kvHead) * headDim;
    T* to = out + (static_cast<long long>(row) * heads + head) * headDim;
    if (!isQuery) {
        int slot = slots[row];
        if (slot < 0) {
            return;
        }
        to = (isKey ? keyPages : valuePages)
                + PagedKeys::offset(slot / PagedKeys::PAGE, slot % PagedKeys::PAGE, kvHeads, kvHead, headDim);
    }
    if (!isQuery && !isKey) {
        for (int d = lane; d < headDim; d += 32) {
            to[d] = from[d];
        }
        return;
    }
    const float* gain = isQuery ? qGain : kGain;
    float scale = 1;
    if (gain != nullptr) {
        float sum = 0; // both halves of the warp add up the same
        for (int d = lane % SUM_LANES; d < headDim; d += SUM_LANES) {
            float value = load(from + d);
            sum = fmaf(value, value, sum);
        }
        scale = 1.0f / sqrtf(foldSixteen(sum) / static_cast<float>(headDim) + epsilon);
    }
    int half = headDim / 2;
    long long table = static_cast<long long>(positions[row]) * half;
    for (int i = lane; i < half; i += 32) {
        float first = load(from + i);
        float second = load(from + i + half);
        if (gain != nullptr) {
            first = rounded<T>(first * scale * gain[i]);
            second = rounded<T>(second * scale * gain[i + half]);
        }
        float c = cosines[table + i];
        float s = sines[table + i];
        store(to + i, fmaf(first, c, -(second * s)));
        store(to + i + half, fmaf(second, c, first * s));
    }
}

// x [rows, k], rows 1 to the kernel's number; gain [k]; weightsI [nI, k]; biasI [nI] or null; outI [rows, nI]; a product that is
// not wanted has nI = 0. Shared memory: the kernel's number of rows of x. Grid: (n0 + n1 + n2) / 8, rounded up; 256 threads.
#define NORM_LINEAR(type, T, ROWS)                                                                                     \
    KERNEL(norm_linear_##type##_##ROWS, FUSED_THREADS,                                                                 \
           (const T* x, const float* gain, float epsilon, int rows, int k, const T* weights0, const float* bias0,      \
            int n0, T* out0, const T* weights1, const float* bias1, int n1, T* out1, const T* weights2,                \
            const float* bias2, int n2, T* out2)) {                                                                    \
        normLinear<T, ROWS>(                                                                                           \
                x, gain, epsilon, rows, k, weights0, bias0, n0, out0, weights1, bias1, n1, out1, weights2, bias2, n2,  \
                out2);                                                                                                 \
    }
NORM_LINEAR(f32, float, 1)
NORM_LINEAR(f32, float, 4)
NORM_LINEAR(bf16, BFloat16, 1)
NORM_LINEAR(bf16, BFloat16, 4)

// x, gain and shared memory as above; gate, up [n, k]; out [rows, n]. Grid: n / 8, rounded up; 256 threads.
#define NORM_SWIGLU(type, T, ROWS)                                                                                     \
    KERNEL(norm_swiglu_##type##_##ROWS, FUSED_THREADS,                                                                 \
           (const T* x, const float* gain, float epsilon, int rows, int k, const T* gate, const T* up, int n,          \
            T* out)) {                                                                                                 \
        normSwiGlu<T, ROWS>(x, gain, epsilon, rows, k, gate, up, n, out);                                              \
    }
NORM_SWIGLU(f32, float, 1)
NORM_SWIGLU(f32, float, 4)
NORM_SWIGLU(bf16, BFloat16, 1)
NORM_SWIGLU(bf16, BFloat16, 4)

// x [rows, k]; weights [n, k]; bias [n] or null; residual, out [rows, n], which may be the same. Grid: n / 8, of linear_add_long
// n / 2, rounded up; 256 threads.
#define LINEAR_ADD(type, T, ROWS)                                                                                      \
    KERNEL(linear_add_##type##_##ROWS, FUSED_THREADS,                                                                  \
           (const T* x, const T* weights, const float* bias, const T* residual, int rows, int k, int n, T* out)) {     \
        linearAdd<T, ROWS, 1>(x, weights, bias, residual, rows, k, n, out);                                            \
    }                                                                                                                  \
    KERNEL(linear_add_long_##type##_##ROWS, FUSED_THREADS,                                                             \
           (const T* x, const T* weights, const float* bias, const T* residual, int rows, int k, int n, T* out)) {     \
        linearAdd<T, ROWS, LONG_COLUMN_WARPS>(x, weights, bias, residual, rows, k, n, out);                            \
    }
LINEAR_ADD(f32, float, 1)
LINEAR_ADD(f32, float, 4)
LINEAR_ADD(bf16, BFloat16, 1)
LINEAR_ADD(bf16, BFloat16, 4)

// q, out [rows, heads · headDim], which may be the same; k, v [rows, kvHeads · headDim]; qGain, kGain [headDim] or null; cosines, sines
// [P, headDim / 2]; positions, slots [rows] and the pages as kv_append has them. Grid: rows · (heads + 2 · kvHeads) / 8, rounded
// up; 256 threads.
#define ROTATE_APPEND(type, T)                                                                                         \
    KERNEL(rotate_append_##type, FUSED_THREADS,                                                                        \
           (const T* q, const T* k, const T* v, const float* qGain, const float* kGain, float epsilon,                 \
            const float* cosines, const float* sines, const int* positions, const int* slots, int rows, int heads,     \
            int kvHeads, int headDim, T* keyPages, T* valuePages, T* out)) {                                                                             \
        rotateAppend(                                                                                                  \
                q, k, v, qGain, kGain, epsilon, cosines, sines, positions, slots, rows, heads, kvHeads, headDim,       \
                keyPages, valuePages, out);                                                                            \
    }
ROTATE_APPEND(f32, float)
ROTATE_APPEND(bf16, BFloat16)
