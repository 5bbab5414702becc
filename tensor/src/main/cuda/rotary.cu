// SPDX-License-Identifier: Apache-2.0
//
// Rotary position embedding. A thread turns whole pairs, so out may be x. The pairs of all rows are shared out among all threads:
// rows may be much narrower than a block.
//
// Decision: vectors only for whole heads in halves, which nearly all models have.
#include "vectors.cuh"

/** Turns N pairs: first and second begin at two of a head's elements that are half of it apart. */
template <int N, class T>
__device__ __forceinline__ void turn(
        const T* first, const T* second, const float* cosines, const float* sines, int inverse, T* outFirst, T* outSecond) {
    Vector<T, N> a = loadVector<N>(first);
    Vector<T, N> b = loadVector<N>(second);
    float c[N];
    float s[N];
    loadFloats(cosines, c);
    loadFloats(sines, s);
    float turnedA[N];
    float turnedB[N];
#pragma unroll
    for (int e = 0; e < N; e++) {
        float sine = inverse ? -s[e] : s[e];
        turnedA[e] = fmaf(element(a, e), c[e], -(element(b, e) * sine));
        turnedB[e] = fmaf(element(b, e), c[e], element(a, e) * sine);
    }
    storeVector(outFirst, turnedA);
    storeVector(outSecond, turnedB);
}

/** One pair of a head at a time; units beyond the pairs copy an element that is not turned. */
template <class T>
__device__ __forceinline__ void rotaryOfPart(
        const T* x,
        int width,
        int headDim,
        int dimensions,
        int neighbours,
        const float* cosines,
        const float* sines,
        const int* positions,
        int inverse,
        T* out) {
    int half = dimensions / 2;
    int units = headDim - half; // of a head
    int ofRow = width / headDim * units;
    forEach(static_cast<long long>(gridDim.x) * ofRow, [=](long long unit) {
        long long row = quotient(unit, ofRow);
        int inRow = static_cast<int>(unit - row * ofRow);
        int i = inRow % units;
        long long head = row * width + inRow / units * headDim;
        if (i >= half) {
            out[head + half + i] = x[head + half + i];
            return;
        }
        long long firstAt = head + (neighbours ? 2 * i : i);
        long long secondAt = firstAt + (neighbours ? 1 : half);
        long long table = static_cast<long long>(positions[row]) * half + i;
        float c = cosines[table];
        float s = inverse ? -sines[table] : sines[table];
        float first = load(x + firstAt);
        float second = load(x + secondAt);
        store(out + firstAt, fmaf(first, c, -(second * s)));
        store(out + secondAt, fmaf(second, c, first * s));
    });
}

template <class T>
__device__ __forceinline__ void rotary(
        const T* x,
        int width,
        int headDim,
        int dimensions,
        int neighbours,
        const float* cosines,
        const float* sines,
        const int* positions,
        int inverse,
        T* out) {
    constexpr int N = VECTOR<T>;
    if (dimensions < headDim || neighbours) {
        rotaryOfPart(x, width, headDim, dimensions, neighbours, cosines, sines, positions, inverse, out);
        return;
    }
    int half = headDim / 2;
    int pairs = width / 2; // of a row
    long long all = static_cast<long long>(gridDim.x) * pairs;
    bool aligned = half % N == 0 && isAligned<N>(x) && isAligned<N>(out) && isAligned<VECTOR<float>>(cosines)
            && isAligned<VECTOR<float>>(sines);
    int each = aligned ? N : 1;
    forEach(all / each, [=](long long unit) {
        long long row = quotient(unit * each, pairs);
        int pair = static_cast<int>(unit * each - row * pairs);
        int i = pair % half;
        long long at = row * width + pair / half * headDim + i;
        long long table = static_cast<long long>(positions[row]) * half + i;
        if (aligned) {
            turn<N>(x + at, x + at + half, cosines + table, sines + table, inverse, out + at, out + at + half);
            return;
        }
        float c = cosines[table];
        float s = inverse ? -sines[table] : sines[table];
        float first = load(x + at);
        float second = load(x + at + half);
        store(out + at, fmaf(first, c, -(second * s)));
        store(out + at + half, fmaf(second, c, first * s));
    });
}

// x, out [rows, width], width = heads · headDim; dimensions of a head are turned, in pairs of neighbours or of halves; cosines,
// sines [P, dimensions / 2]; positions [rows]. Grid: rows, by which the kernel knows how many there are; blocks that find no work
// left return at once.
#define ROTARY(type, T)                                                                                                \
    KERNEL(rotary_##type, 256,                                                                                         \
           (const T* x, int width, int headDim, int dimensions, int neighbours, const float* cosines,                  \
            const float* sines, const int* positions, int inverse, T* out)) {                                          \
        rotary(x, width, headDim, dimensions, neighbours, cosines, sines, positions, inverse, out);                    \
    }
ROTARY(f32, float)
ROTARY(bf16, BFloat16)
