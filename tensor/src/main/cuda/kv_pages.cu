// SPDX-License-Identifier: Apache-2.0
//
// Writing keys and values into the pages of a cache. Which page a token goes to is the host's decision; it passes slots, so that
// a batch of sequences of all lengths is one launch, and one whose shape does not change with them.
#include "attention.cuh"
#include "vectors.cuh"

/** A vector per thread, or a warp's width of threads per row and head: runs of a head's numbers, one search for their place. */
template <class T>
__device__ __forceinline__ void kvAppend(
        const T* keys, const T* values, const int* slots, int rows, int kvHeads, int headDim, T* keyPages, T* valuePages) {
    constexpr int N = VECTOR<T>;
    if (headDim % N == 0 && isAligned<N>(keys) && isAligned<N>(values) && isAligned<N>(keyPages) && isAligned<N>(valuePages)) {
        int vectors = headDim / N;
        forEach(static_cast<long long>(rows) * kvHeads * vectors, [=](long long i) {
            long long rowHead = quotient(i, vectors);
            int d = static_cast<int>(i - rowHead * vectors) * N;
            long long row = quotient(rowHead, kvHeads);
            int slot = slots[row];
            if (slot < 0) {
                return;
            }
            Vector<T, N> key = loadVector<N>(keys + rowHead * headDim + d);
            Vector<T, N> value = loadVector<N>(values + rowHead * headDim + d);
            int kvHead = static_cast<int>(rowHead - row * kvHeads);
            long long to =
                    PagedKeys::offset(slot / PagedKeys::PAGE, slot % PagedKeys::PAGE, kvHeads, kvHead, headDim) + d;
            storeVector(keyPages + to, key);
            storeVector(valuePages + to, value);
        });
        return;
    }
    constexpr int LANES = 32;
    forEach(static_cast<long long>(rows) * kvHeads * LANES, [=](long long i) {
        long long rowHead = i / LANES;
        int slot = slots[rowHead / kvHeads];
        if (slot < 0) {
            return;
        }
        const T* key = keys + rowHead * headDim;
        const T* value = values + rowHead * headDim;
        int kvHead = static_cast<int>(rowHead % kvHeads);
        long long to = PagedKeys::offset(slot / PagedKeys::PAGE, slot % PagedKeys::PAGE, kvHeads, kvHead, headDim);
        for (int d = static_cast<int>(i % LANES); d < headDim; d += LANES) {
            keyPages[to + d] = key[d];
            valuePages[to + d] = value[d];
        }
    });
}

template <class T>
__device__ __forceinline__ void kvCopyPages(
        const int* from, const int* to, int count, int kvHeads, int headDim, T* keyPages, T* valuePages) {
    // A page has 16 rows, so its bytes are a multiple of 16 whatever the head's size.
    static_assert(PagedKeys::PAGE * sizeof(T) % sizeof(uint4) == 0, "pages are copied 16 bytes at a time");
    long long perPage = static_cast<long long>(kvHeads) * headDim * (PagedKeys::PAGE * sizeof(T) / sizeof(uint4));
    uint4* keys = reinterpret_cast<uint4*>(keyPages);
    uint4* values = reinterpret_cast<uint4*>(valuePages);
    forEach(count * perPage, [=](long long i) {
        long long page = i / perPage;
        long long within = i % perPage;
        long long source = from[page] * perPage + within;
        long long target = to[page] * perPage + within;
        uint4 key = keys[source];
        uint4 value = values[source];
        keys[target] = key;
        values[target] = value;
    });
}

// keys, values [rows, kvHeads, headDim]; slots [rows]: page · 16 + place within the page, each at most once, or a negative number
// for a row that goes nowhere; keyPages, valuePages [pages, kvHeads, 16, headDim]. Any grid.
#define KV_APPEND(type, T)                                                                                             \
    KERNEL(kv_append_##type, 256,                                                                                      \
           (const T* keys, const T* values, const int* slots, int rows, int kvHeads, int headDim, T* keyPages,         \
            T* valuePages)) {                                                                                          \
        kvAppend(keys, values, slots, rows, kvHeads, headDim, keyPages, valuePages);                                   \
    }
KV_APPEND(f32, float)
KV_APPEND(bf16, BFloat16)

// from, to [count]: page numbers; no page is in both, none twice in to; the pools as above, 16-byte aligned. Any grid.
#define KV_COPY_PAGES(type, T)                                                                                         \
    KERNEL(kv_copy_pages_##type, 256,                                                                                  \
           (const int* from, const int* to, int count, int kvHeads, int headDim, T* keyPages, T* valuePages)) {        \
        kvCopyPages(from, to, count, kvHeads, headDim, keyPages, valuePages);                                          \
    }
KV_COPY_PAGES(f32, float)
KV_COPY_PAGES(bf16, BFloat16)
