// SPDX-License-Identifier: Apache-2.0
//
// Drawing an index by inverting a cumulative distribution, as the CPU does: it adds the probabilities in double, one by one in
// order of index, and takes the first at which the sum passes the number.
//
// Here 256 stretches are added at a time. That is another association, so its sums may differ from the chain's by a bound that is
// easily known; a number farther than that from the sums around it has the same index on both. For the others, about one in 10^9,
// one thread adds the chain. So the index is the CPU's always, and the chain's time is hardly ever spent.
#pragma once
#include "philox.cuh"
#include "rowsums.cuh"

/** More than two orders of adding n numbers with a sum of about 1 can differ by, each sum having a relative error of n / 2^53. */
__device__ __forceinline__ double additionSlack(int n) { return (4.0 * n + 32) * 0x1p-52; }

struct InOrder {
    int index; // the first at which the sum passes the limit, or n
    double sum;
};

/** Memory that all instances of addInOrder share: the terms, and behind them the sum. */
__device__ __forceinline__ double* termsInOrder() {
    SHARED(double, terms, ROW_THREADS + 1);
    return terms;
}

__device__ __forceinline__ int* indexInOrder() {
    SHARED(int, index, 1);
    return index;
}

/** Adds term(0), term(1), ... term(n - 1) in this order until the sum passes the limit. For a block of ROW_THREADS. */
template <class Term>
__device__ __forceinline__ InOrder addInOrder(int n, double limit, Term term) {
    double* terms = termsInOrder();
    double* sum = terms + ROW_THREADS;
    int* index = indexInOrder();
    if (threadIdx.x == 0) {
        sum[0] = 0;
        index[0] = n;
    }
    for (int from = 0; from < n; from += ROW_THREADS) {
        if (from + static_cast<int>(threadIdx.x) < n) {
            terms[threadIdx.x] = term(from + static_cast<int>(threadIdx.x));
        }
        __syncthreads();
        if (threadIdx.x == 0) {
            int count = min(n - from, ROW_THREADS);
            double s = sum[0];
            for (int i = 0; i < count; i++) {
                s += terms[i];
                if (s > limit) {
                    index[0] = from + i;
                    break;
                }
            }
            sum[0] = s;
        }
        __syncthreads();
        if (index[0] < n) {
            break; // the whole block
        }
    }
    __syncthreads();
    InOrder result = {index[0], sum[0]};
    __syncthreads(); // before a second call writes
    return result;
}

/**
 * The index drawn with a number in [0, 1), by a block of ROW_THREADS; every thread receives it. Indices whose probability is not
 * positive are never drawn, but 0 is if there is no other.
 */
template <class Probability>
__device__ __forceinline__ int drawIndex(int n, double uniform, Probability probability) {
    SHARED(double, before, ROW_THREADS + 1);
    SHARED(int, lastPositive, ROW_THREADS);
    SHARED(int, index, 2); // and whether the chain has to decide
    auto positive = [=](int i) {
        float p = probability(i);
        return p > 0 ? static_cast<double>(p) : 0.0;
    };
    int stretch = (n + ROW_THREADS - 1) / ROW_THREADS;
    int from = static_cast<int>(threadIdx.x) * stretch;
    int to = min(from + stretch, n);
    double sum = 0;
    int last = -1;
    for (int i = from; i < to; i++) {
        double p = positive(i);
        sum += p;
        last = p > 0 ? i : last;
    }
    before[threadIdx.x + 1] = sum;
    lastPositive[threadIdx.x] = last;
    __syncthreads();
    double slack = additionSlack(n);
    if (threadIdx.x == 0) {
        before[0] = 0;
        int fallback = 0; // where rounding leaves the whole sum just below the number
        for (int t = 0; t < ROW_THREADS; t++) {
            before[t + 1] += before[t];
            fallback = lastPositive[t] >= 0 ? lastPositive[t] : fallback;
        }
        index[0] = fallback;
        index[1] = fabs(uniform - before[ROW_THREADS]) < slack;
    }
    __syncthreads();
    // One stretch at most holds the number. Within it the same additions may end a rounding lower or higher.
    if (last >= 0 && before[threadIdx.x] <= uniform && uniform < before[threadIdx.x + 1]) {
        double above = before[threadIdx.x];
        double below = above;
        int chosen = last;
        for (int i = from; i < to; i++) {
            double p = positive(i);
            below = above;
            above += p;
            if (p > 0 && uniform < above) {
                chosen = i;
                break;
            }
        }
        index[0] = chosen;
        if ((below > 0 && uniform - below < slack) || above - uniform < slack) {
            index[1] = 1;
        }
    }
    __syncthreads();
    int result = index[0];
    if (index[1] != 0) { // the whole block
        int inOrder = addInOrder(n, uniform, positive).index;
        int fallback = 0;
        for (int t = 0; t < ROW_THREADS; t++) {
            fallback = lastPositive[t] >= 0 ? lastPositive[t] : fallback;
        }
        result = inOrder < n ? inOrder : fallback;
    }
    __syncthreads(); // before a second call writes
    return result;
}

/** The number of the counter-based generator that this block's row is drawn with. */
__device__ __forceinline__ double uniformOf(long long seed, const int* coordinates) {
    const int* c = coordinates + 4LL * blockIdx.x;
    return philoxUniform(seed, c[0], c[1], c[2], c[3]);
}

/** A token of the distribution softmax(row · factor). */
template <class T>
__device__ __forceinline__ int drawToken(const T* row, int vocabulary, float factor, double uniform) {
    RowSums sums = rowSums(row, vocabulary, factor);
    float inverse = 1.0f / sums.sum;
    return drawIndex(vocabulary, uniform, [=](int i) { return naturalExp(load(row + i) * factor - sums.maximum) * inverse; });
}
