// SPDX-License-Identifier: Apache-2.0
//
// Sixteen bytes at a time. What a memory-bound kernel reaches is set by the bytes that each processor has asked for and not yet
// received, so these loops read wide, and ask for several vectors before they need the first.
//
// Decisions
// - A thread loads everything for its elements, computes, then stores. An output may therefore be an input, element for element,
//   and no pointer needs a promise that it is not.
// - Which way a kernel goes depends on addresses and sizes only, so all threads of a row or a launch agree: vectors where every
//   pointer is aligned for them, one element at a time otherwise and for the rest of an odd length. Both compute the same bits.
// - Where formats differ the widest of them is read or written 16 bytes at a time, so that all vectors hold as many numbers.
#pragma once
#include "numbers.cuh"

constexpr int VECTOR_BYTES = 16;

/** Numbers of a format as they lie in memory, 8 or 16 bytes that are read and written at once. */
template <class T, int N>
struct alignas(N * sizeof(T)) [[gnu::may_alias]] Vector {
    unsigned words[N * sizeof(T) / 4];
};

/** How many numbers a vector has where numbers of these formats go together. */
template <class T, class U = T>
constexpr int VECTOR = VECTOR_BYTES / static_cast<int>(sizeof(T) > sizeof(U) ? sizeof(T) : sizeof(U));

/** Whether vectors of N numbers may be read from or written to an address; true for null, which nobody reads. */
template <int N, class T>
__device__ __forceinline__ bool isAligned(const T* at) {
    return reinterpret_cast<unsigned long long>(at) % (N * sizeof(T)) == 0;
}

template <int N, class T>
__device__ __forceinline__ Vector<T, N> loadVector(const T* at) {
#ifndef __CUDACC__
    if (reinterpret_cast<uintptr_t>(at) % sizeof(Vector<T, N>) != 0) {
        Vector<T, N> nan; // the device faults, the CPU might not
        memset(&nan, 0xFF, sizeof nan);
        return nan;
    }
#endif
    return *reinterpret_cast<const Vector<T, N>*>(at);
}

template <int N>
__device__ __forceinline__ float element(const Vector<float, N>& v, int i) {
    return __uint_as_float(v.words[i]);
}

template <int N>
__device__ __forceinline__ float element(const Vector<BFloat16, N>& v, int i) {
    return __uint_as_float(i % 2 == 0 ? v.words[i / 2] << 16 : v.words[i / 2] & 0xFFFF0000u);
}

template <int N>
__device__ __forceinline__ float element(const Vector<Half, N>& v, int i) {
    return halfValue(static_cast<unsigned short>(v.words[i / 2] >> i % 2 * 16));
}

/** F32 numbers, 16 bytes at a time. */
template <int N>
__device__ __forceinline__ void loadFloats(const float* at, float (&x)[N]) {
    constexpr int EACH = VECTOR<float>;
    static_assert(N % EACH == 0, "whole vectors");
#pragma unroll
    for (int i = 0; i < N; i += EACH) {
        Vector<float, EACH> v = loadVector<EACH>(at + i);
#pragma unroll
        for (int e = 0; e < EACH; e++) {
            x[i + e] = element(v, e);
        }
    }
}

__device__ __forceinline__ unsigned halfWord(const BFloat16*, float x) { return bfloat16Bits(x); }
__device__ __forceinline__ unsigned halfWord(const Half*, float x) { return halfBits(x); }

template <class T, int N>
__device__ __forceinline__ void storeVector(T* at, const Vector<T, N>& v) {
#ifndef __CUDACC__
    if (reinterpret_cast<uintptr_t>(at) % sizeof(Vector<T, N>) != 0) {
        memset(at, 0xFF, sizeof v);
        return;
    }
#endif
    *reinterpret_cast<Vector<T, N>*>(at) = v;
}

/** Rounds numbers to the format and writes them at once. */
template <class T, int N>
__device__ __forceinline__ void storeVector(T* at, const float (&x)[N]) {
    Vector<T, N> v;
    if constexpr (sizeof(T) == 4) {
#pragma unroll
        for (int i = 0; i < N; i++) {
            v.words[i] = __float_as_uint(x[i]);
        }
    } else {
#pragma unroll
        for (int i = 0; i < N; i += 2) {
            v.words[i / 2] = halfWord(at, x[i]) | halfWord(at, x[i + 1]) << 16;
        }
    }
    storeVector(at, v);
}

/** i / n; a division of 32 bits is a fraction of one of 64. */
__device__ __forceinline__ long long quotient(long long i, int n) {
    return i <= 0x7FFFFFFF ? static_cast<unsigned>(i) / static_cast<unsigned>(n) : i / n;
}

/** The threads that share a loop: this one takes the elements first, first + step, … */
struct Sharing {
    long long first, step;
};

__device__ __forceinline__ Sharing wholeGrid() {
    return {static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x, static_cast<long long>(gridDim.x) * blockDim.x};
}

__device__ __forceinline__ Sharing wholeBlock() { return {threadIdx.x, blockDim.x}; }

/** For AHEAD of this thread's i in [0, n) at a time: calls load(u, i) for all of them, u = 0, 1, …, then finish(u, i). */
template <int AHEAD, class Load, class Finish>
__device__ __forceinline__ void forEachAhead(Sharing threads, long long n, Load load, Finish finish) {
#pragma unroll 1
    for (long long from = threads.first; from < n; from += AHEAD * threads.step) {
#pragma unroll
        for (int u = 0; u < AHEAD; u++) {
            if (from + u * threads.step < n) {
                load(u, from + u * threads.step);
            }
        }
#pragma unroll
        for (int u = 0; u < AHEAD; u++) {
            if (from + u * threads.step < n) {
                finish(u, from + u * threads.step);
            }
        }
    }
}

/**
 * For every i in [0, n): f(i, x, y) with x the inputs' elements i; y become the outputs'. AHEAD vectors of each input are in
 * flight per thread.
 */
template <int AHEAD, class In, class Out, int INS, int OUTS, class F>
__device__ __forceinline__ void mapElements(
        Sharing threads, const In* const (&in)[INS], long long n, Out* const (&out)[OUTS], F f) {
    constexpr int N = VECTOR<In, Out>;
    bool aligned = true;
#pragma unroll
    for (int k = 0; k < INS; k++) {
        aligned &= isAligned<N>(in[k]);
    }
#pragma unroll
    for (int k = 0; k < OUTS; k++) {
        aligned &= isAligned<N>(out[k]);
    }
    long long vectors = aligned ? n / N : 0;
    Vector<In, N> loaded[AHEAD][INS];
    forEachAhead<AHEAD>(
            threads,
            vectors,
            [&](int u, long long v) {
#pragma unroll
                for (int k = 0; k < INS; k++) {
                    loaded[u][k] = loadVector<N>(in[k] + v * N);
                }
            },
            [&](int u, long long v) {
                float results[OUTS][N];
#pragma unroll
                for (int e = 0; e < N; e++) {
                    float x[INS];
#pragma unroll
                    for (int k = 0; k < INS; k++) {
                        x[k] = element(loaded[u][k], e);
                    }
                    float y[OUTS];
                    f(v * N + e, x, y);
#pragma unroll
                    for (int k = 0; k < OUTS; k++) {
                        results[k][e] = y[k];
                    }
                }
#pragma unroll
                for (int k = 0; k < OUTS; k++) {
                    storeVector(out[k] + v * N, results[k]);
                }
            });
#pragma unroll 1
    for (long long i = vectors * N + threads.first; i < n; i += threads.step) {
        float x[INS];
#pragma unroll
        for (int k = 0; k < INS; k++) {
            x[k] = load(in[k] + i);
        }
        float y[OUTS];
        f(i, x, y);
#pragma unroll
        for (int k = 0; k < OUTS; k++) {
            store(out[k] + i, y[k]);
        }
    }
}

/** out[i] = f(x[i]) for all i in [0, n), over the whole grid. */
template <int AHEAD = 4, class In, class Out, class F>
__device__ __forceinline__ void map(const In* x, long long n, Out* out, F f) {
    mapElements<AHEAD>(wholeGrid(), {x}, n, {out}, [=](long long, const float(&in)[1], float(&y)[1]) { y[0] = f(in[0]); });
}

/** out[i] = f(x[i], y[i]) for all i in [0, n), over the whole grid. */
template <int AHEAD = 2, class T, class F>
__device__ __forceinline__ void map(const T* x, const T* y, long long n, T* out, F f) {
    mapElements<AHEAD>(
            wholeGrid(), {x, y}, n, {out}, [=](long long, const float(&in)[2], float(&z)[1]) { z[0] = f(in[0], in[1]); });
}
