// SPDX-License-Identifier: Apache-2.0
//
// Sums over the rows of a matrix, one thread per column. Neighbouring threads read neighbouring elements; the chain of additions
// goes by rows, so several rows are loaded before the first of them is added.
#pragma once
#include "numbers.cuh"

/** a · b is added to a column's sum, rounded once; with a = 1 that is the sum of the b. */
struct ColumnTerm {
    float a, b;
};

/** The sum grows by fmaf(a, b, sum) of term(row, i) for rowsPerChunk rows in order, i the index of the row's element. */
template <class Term>
__device__ __forceinline__ void sumColumns(int rows, int d, int rowsPerChunk, float* out, int accumulate, Term term) {
    constexpr int AHEAD = 16;
    int column = blockIdx.x * blockDim.x + threadIdx.x;
    if (column >= d) {
        return;
    }
    float* target = out + static_cast<long long>(blockIdx.y) * d + column;
    long long row = static_cast<long long>(blockIdx.y) * rowsPerChunk;
    long long to = min(row + rowsPerChunk, static_cast<long long>(rows));
    long long at = row * d + column;
    float sum = accumulate ? *target : 0;
#pragma unroll 1
    for (; row + AHEAD <= to; row += AHEAD) {
        ColumnTerm terms[AHEAD];
#pragma unroll
        for (int i = 0; i < AHEAD; i++) {
            terms[i] = term(row + i, at);
            at += d;
        }
#pragma unroll
        for (int i = 0; i < AHEAD; i++) {
            sum = fmaf(terms[i].a, terms[i].b, sum);
        }
    }
#pragma unroll 4
    for (; row < to; row++, at += d) {
        ColumnTerm last = term(row, at);
        sum = fmaf(last.a, last.b, sum);
    }
    *target = sum;
}
