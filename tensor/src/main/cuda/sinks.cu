// SPDX-License-Identifier: Apache-2.0
//
// A key without a value for each head, whose score is a weight: what attention left is scaled by the share of all other keys. It
// comes after attention, so that every kernel of attention can have it.
#include "exp.cuh"
#include "sums.cuh"

constexpr int SINK_THREADS = 32;
constexpr int SINK_BACKWARD_THREADS = 256;
constexpr int SINK_ROWS = SINK_BACKWARD_THREADS / SUM_LANES;

template <class T>
__device__ __forceinline__ void attentionSinks(const float* sinks, int heads, int headDim, T* out, float* stats) {
    long long headRow = static_cast<long long>(blockIdx.x) * heads + blockIdx.y;
    float sink = sinks[blockIdx.y];
    float largest = maximum(stats[2 * headRow], sink);
    float sum = stats[2 * headRow + 1] * naturalExp(stats[2 * headRow] - largest);
    float all = sum + naturalExp(sink - largest);
    float factor = sum / all;
    __syncthreads(); // before the numbers are replaced
    for (int i = threadIdx.x; i < headDim; i += SINK_THREADS) {
        T* at = out + headRow * headDim + i;
        store(at, load(at) * factor);
    }
    if (threadIdx.x == 0) {
        stats[2 * headRow] = largest;
        stats[2 * headRow + 1] = all;
    }
}

template <class T>
__device__ __forceinline__ void attentionSinksBackward(
        const T* dOut, const T* out, const float* stats, const float* sinks, int rows, int heads, int headDim, float* dSinks) {
    SHARED(float, dots, SINK_ROWS);
    SHARED(float, weights, SINK_ROWS);
    int head = blockIdx.x;
    int lane = threadIdx.x % SUM_LANES;
    int ofBlock = static_cast<int>(threadIdx.x) / SUM_LANES;
    float sink = sinks[head];
    float sum = dSinks[head]; // of the first thread
    for (int first = 0; first < rows; first += SINK_ROWS) {
        bool any = first + ofBlock < rows;
        long long headRow = any ? static_cast<long long>(first + ofBlock) * heads + head : 0;
        int width = any ? headDim : 0;
        float dot = 0;
        for (int i = lane; i < width; i += SUM_LANES) {
            dot = fmaf(load(dOut + headRow * headDim + i), load(out + headRow * headDim + i), dot);
        }
        dot = foldSixteen(dot);
        if (any && lane == 0) {
            dots[ofBlock] = dot;
            weights[ofBlock] = naturalExp(sink - stats[2 * headRow]) / stats[2 * headRow + 1];
        }
        __syncthreads();
        if (threadIdx.x == 0) {
            int count = min(SINK_ROWS, rows - first);
            for (int row = 0; row < count; row++) {
                sum = fmaf(-weights[row], dots[row], sum);
            }
        }
        __syncthreads();
    }
    if (threadIdx.x == 0) {
        dSinks[head] = sum;
    }
}

// sinks, dSinks [heads]; out, dOut [rows, heads, headDim]; stats [rows, heads, 2]. Grid: rows by heads; backward: heads.
#define ATTENTION_SINKS(type, T)                                                                                       \
    KERNEL(attention_sinks_##type, SINK_THREADS, (const float* sinks, int heads, int headDim, T* out, float* stats)) { \
        attentionSinks(sinks, heads, headDim, out, stats);                                                             \
    }                                                                                                                  \
    KERNEL(attention_sinks_backward_##type, SINK_BACKWARD_THREADS,                                                     \
           (const T* dOut, const T* out, const float* stats, const float* sinks, int rows, int heads, int headDim,     \
            float* dSinks)) {                                                                                          \
        attentionSinksBackward(dOut, out, stats, sinks, rows, heads, headDim, dSinks);                                 \
    }
ATTENTION_SINKS(f32, float)
ATTENTION_SINKS(bf16, BFloat16)
