// SPDX-License-Identifier: Apache-2.0
//
// Top-k, top-p and min-p over a row of numbers in memory: what they remove becomes -infinity. What stays is what the CPU keeps,
// ties included.
//
// Decisions
// - No sort. The threshold of top-k and of top-p is the number at which a cumulative weight (1 each, or the probability) passes a
//   limit in ascending order: radix selection over the bits finds it, adding the weights of eight subranges in each of eleven
//   passes. Every thread has bins of its own, so there is nothing to be atomic about, and the sums are in a fixed order.
// - The CPU adds the probabilities in ascending order and compares with 1 - p. Other orders of addition differ from that within a
//   bound; a decision that is nearer than the bound is made again from a sorted row, in the CPU's own order and with its exp.
//   That takes milliseconds and almost never happens with logits of a model; equal logits make it happen in tests.
// - The row's largest number must be finite; the caller sees to that.
#pragma once
#include "draw.cuh"
#include "order.cuh"
#include "strictexp.cuh"

constexpr int FILTER_BINS = 8;
constexpr int FILTER_DIGIT = 3;
static_assert(FILTER_BINS == 1 << FILTER_DIGIT && FILTER_BINS == ROW_THREADS / 32, "a warp adds up a bin");

/** The place in ascending order at which a cumulative weight passes a limit. */
struct Crossing {
    unsigned order;      // of the number there
    double below, total; // the weight of smaller numbers, of all numbers
};

/** Memory that all instances of findCrossing share: bins of each thread, and behind them their totals. */
__device__ __forceinline__ double* filterBins() {
    SHARED(double, bins, FILTER_BINS * (ROW_THREADS + 1));
    return bins;
}

/** limit(total) is what the cumulative weight has to pass. If rounding lets it pass nowhere, the last number that weighs. */
template <class Weight, class Limit>
__device__ __forceinline__ Crossing findCrossing(const float* row, int n, Weight weight, Limit limit) {
    double* bins = filterBins();
    double* totals = bins + FILTER_BINS * ROW_THREADS;
    Crossing found = {0, 0, 0};
    constexpr int FIRST = 30; // two bits, then ten times three
    for (int shift = FIRST; shift >= 0; shift -= FILTER_DIGIT) {
        for (int bin = 0; bin < FILTER_BINS; bin++) {
            bins[bin * ROW_THREADS + threadIdx.x] = 0;
        }
        for (int i = threadIdx.x; i < n; i += ROW_THREADS) {
            float x = row[i];
            unsigned digits = orderOf(x) >> shift;
            if (digits >> FILTER_DIGIT == found.order) {
                bins[digits % FILTER_BINS * ROW_THREADS + threadIdx.x] += weight(x);
            }
        }
        __syncthreads();
        double sum = 0;
#pragma unroll
        for (int i = 0; i < ROW_THREADS; i += 32) {
            sum += bins[(threadIdx.x >> 5) * ROW_THREADS + i + (threadIdx.x & 31)];
        }
#pragma unroll
        for (int width = 16; width > 0; width /= 2) {
            sum += __shfl_xor_sync(ALL_LANES, sum, width);
        }
        if ((threadIdx.x & 31) == 0) {
            totals[threadIdx.x >> 5] = sum;
        }
        __syncthreads();
        if (shift == FIRST) {
            for (int bin = 0; bin < FILTER_BINS; bin++) {
                found.total += totals[bin];
            }
        }
        double cumulative = found.below;
        unsigned chosen = 0;
        for (int bin = 0; bin < FILTER_BINS; bin++) {
            if (totals[bin] > 0) {
                chosen = bin;
                found.below = cumulative;
                cumulative += totals[bin];
                if (cumulative > limit(found.total)) {
                    break;
                }
            }
        }
        found.order = found.order << FILTER_DIGIT | chosen;
    }
    return found;
}

__device__ __forceinline__ void removeBelow(float* row, int n, float limit) {
    for (int i = threadIdx.x; i < n; i += ROW_THREADS) {
        if (row[i] < limit) {
            row[i] = MINUS_INFINITY;
        }
    }
    __syncthreads();
}

/** Keeps the k largest numbers and their equals, for k in [1, n); the limit that stays. */
__device__ __forceinline__ float topK(float* row, int n, int k) {
    Crossing crossing = findCrossing(row, n, [](float) { return 1.0; }, [=](double) { return static_cast<double>(n - k); });
    float limit = withOrder(crossing.order);
    removeBelow(row, n, limit);
    return limit;
}

/** Sorts in ascending order: a bitonic network for any n, as if numbers above all others followed. */
__device__ __forceinline__ void sortRow(float* row, int n) {
    for (long long width = 2; width < 2LL * n; width *= 2) {
        for (long long half = width / 2; half > 0; half /= 2) {
            long long flip = half == width / 2 ? width - 1 : half; // the first step reverses the upper half
            for (int i = threadIdx.x; i < n; i += ROW_THREADS) {
                long long j = i ^ flip;
                if (j > i && j < n && orderOf(row[i]) > orderOf(row[j])) {
                    float x = row[i];
                    row[i] = row[j];
                    row[j] = x;
                }
            }
            __syncthreads();
        }
    }
}

/** Which of the numbers with an order are the first to stay: `removed` of them go, those with the lowest indices. */
struct Cut {
    unsigned order;
    int removed;
};

/** The cut of top-p in the CPU's own order of addition; destroys the row. */
__device__ __forceinline__ Cut exactCut(float* row, int n, float largest, double limit) {
    auto exponential = [=](int i) { return strictExp(static_cast<double>(row[i] - largest)); };
    double sum = addInOrder(n, HUGE_VAL, exponential).sum;
    sortRow(row, n);
    int rank = addInOrder(n - 1, limit, [=](int i) { return exponential(i) / sum; }).index;
    unsigned order = orderOf(row[rank]);
    int first = 0; // of the equals
    for (int end = rank; first < end;) {
        int middle = (first + end) / 2;
        if (orderOf(row[middle]) < order) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    __syncthreads(); // before the row is written again
    return {order, rank - first};
}

/** Counts the numbers with an order; where counts[t] of them come before the stretch of thread t. */
__device__ __forceinline__ int countEquals(const float* row, int n, unsigned order, int* counts) {
    int stretch = (n + ROW_THREADS - 1) / ROW_THREADS;
    int from = static_cast<int>(threadIdx.x) * stretch;
    int to = min(from + stretch, n);
    int count = 0;
    for (int i = from; i < to; i++) {
        count += orderOf(row[i]) == order;
    }
    __syncthreads(); // an earlier count has been read
    counts[threadIdx.x + 1] = count;
    __syncthreads();
    if (threadIdx.x == 0) {
        counts[0] = 0;
        for (int t = 0; t < ROW_THREADS; t++) {
            counts[t + 1] += counts[t];
        }
    }
    __syncthreads();
    return counts[ROW_THREADS];
}

/**
 * Removes the smallest numbers whose probabilities together are at most 1 - p (of equals those with the lower index first), but
 * never the last. restore() writes the row again as it was.
 */
template <class Restore>
__device__ __forceinline__ void topP(float* row, int n, float largest, float p, Restore restore) {
    SHARED(int, counts, ROW_THREADS + 1);
    SHARED(int, firstKept, 1);
    double share = 1 - p;
    Crossing crossing = findCrossing(
            row, n, [=](float x) { return exp(static_cast<double>(x - largest)); }, [=](double total) { return share * total; });
    double limit = share * crossing.total;
    double slack = additionSlack(n) * crossing.total;
    double each = exp(static_cast<double>(withOrder(crossing.order) - largest));
    int equals = countEquals(row, n, crossing.order, counts);
    Cut cut = {crossing.order, static_cast<int>(fmin((limit - crossing.below) / each, equals - 1.0))};
    cut.removed = max(cut.removed, 0);
    double below = crossing.below + cut.removed * each; // up to the first to stay
    bool last = cut.order == orderOf(largest) && cut.removed == equals - 1;
    bool surelyRemoved = below == 0 || below <= limit - slack;
    bool surelyKept = last || below + each >= limit + slack;
    if (!(surelyRemoved && surelyKept)) { // the whole block
        cut = exactCut(row, n, largest, share);
        restore();
        __syncthreads();
        countEquals(row, n, cut.order, counts);
    }
    if (counts[threadIdx.x] <= cut.removed && cut.removed < counts[threadIdx.x + 1]) {
        int left = cut.removed - counts[threadIdx.x];
        int i = static_cast<int>(threadIdx.x) * ((n + ROW_THREADS - 1) / ROW_THREADS);
        while (orderOf(row[i]) != cut.order || left-- > 0) {
            i++;
        }
        firstKept[0] = i;
    }
    __syncthreads();
    for (int i = threadIdx.x; i < n; i += ROW_THREADS) {
        unsigned order = orderOf(row[i]);
        if (order < cut.order || (order == cut.order && i < firstKept[0])) {
            row[i] = MINUS_INFINITY;
        }
    }
    __syncthreads();
}

/** Removes the numbers whose probability is below a share of the largest; next to it, with the CPU's roundings. */
__device__ __forceinline__ void minP(float* row, int n, float largest, float share) {
    SHARED(int, unsure, 1);
    if (threadIdx.x == 0) {
        unsure[0] = 0;
    }
    __syncthreads();
    // The sum of all cancels, so the difference of two logits tells, but for roundings far smaller than this.
    constexpr double SLACK = 1e-12;
    double limit = log(static_cast<double>(share));
    for (int i = threadIdx.x; i < n; i += ROW_THREADS) {
        float difference = row[i] - largest;
        if (difference < 0 && fabs(difference - limit) < SLACK) {
            unsure[0] = 1; // all write the same
        }
    }
    __syncthreads();
    bool exact = unsure[0] != 0;
    double sum = !exact ? 0 : addInOrder(n, HUGE_VAL, [=](int i) {
        return strictExp(static_cast<double>(row[i] - largest));
    }).sum;
    for (int i = threadIdx.x; i < n; i += ROW_THREADS) {
        double difference = row[i] - largest;
        if (exact ? strictExp(difference) / sum < share * (1 / sum) : difference < limit) {
            row[i] = MINUS_INFINITY;
        }
    }
    __syncthreads();
}
