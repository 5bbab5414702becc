// SPDX-License-Identifier: Apache-2.0
//
// The part of CUDA C that the kernels use, for g++: a .cu file includes this instead of the CUDA headers and then runs on the
// CPU, instruction for instruction in the order that one thread would see.
//
// Decisions
// - Every CUDA thread is a fiber; a block runs on one operating-system thread, so __shared__ memory belongs to that.
// - A fiber runs until it waits: at a barrier, or at a warp collective whose other lanes have not come yet. Which fiber runs
//   next is a choice (forward, reverse, random), and no choice may change a result.
// - Shared memory starts as NaN, asynchronous copies appear no earlier than their wait, and a lane that reads another that took no
//   part gets NaN: what is undefined on the device must not look right here.
// - What cannot be seen: timing, registers, bank conflicts, and races between lanes that a collective happens to order.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#define __device__
#define __forceinline__ inline __attribute__((always_inline))

struct uint3 {
    unsigned x, y, z;
};
struct alignas(8) float2 {
    float x, y;
};
struct alignas(16) float4 {
    float x, y, z, w;
};
struct alignas(16) uint4 {
    unsigned x, y, z, w;
};

static inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }

namespace emulation {

/** Where in the sources a thread waits. */
struct Site {
    const char* file;
    int line;
    const char* what;
};

/** Lanes exchange at most this many bytes each. */
constexpr int SLOT = 64;

/** One meeting of the lanes of a mask; two sets of slots, so that a fast lane may begin the next while slow ones still read. */
struct Exchange {
    unsigned mask, arrived, generation;
    Site site;
    unsigned char (*slots)[32][SLOT];
};

/** Different masks that the lanes of a warp may meet under at a time. */
constexpr int MEETINGS = 4;

struct Warp {
    unsigned live; // lanes that have not returned
    int first;     // linear index of lane 0
    int begun;     // meetings that some lanes wait in
    Exchange exchanges[MEETINGS];
};

struct Block {
    uint3 index, grid, dimensions;
    unsigned char* dynamic; // dynamic shared memory
    unsigned long serial;   // never repeats on one operating-system thread
    int threads, live, arrived;
    unsigned generation; // of the barrier
    Site site;
};

enum class State { READY, WAITING, DONE };

struct Thread {
    uint3 index;
    int linear, lane;
    Warp* warp;
    Block* block;
    State state;
    Site site;
    void* stack;        // null before the first step and after the last
    void* stackPointer; // while it does not run
    int copies, group;  // asynchronous copies in flight, and the group that the next one belongs to
};

extern thread_local Thread* current __attribute__((tls_model("initial-exec")));

void barrier(Site site);

/** Gives every lane of the mask what all of them brought; lanes that brought nothing read as NaN. */
unsigned char (*exchange(unsigned mask, const void* value, size_t bytes, Site site))[SLOT];

void asyncCopy(void* target, const void* source, int bytes);
void asyncCommit();
void asyncWait(int groupsLeft);

using Thunk = void (*)(void** parameters);

void registerKernel(const char* name, int maxThreads, Thunk thunk, const size_t* sizes, int count);

template <class Signature>
struct Entry;

template <class... A>
struct Entry<void(A...)> {
    template <void (*kernel)(A...)>
    static void call(void** parameters) {
        unpack<kernel>(parameters, std::index_sequence_for<A...>{});
    }

    template <void (*kernel)(A...), size_t... I>
    static void unpack(void** parameters, std::index_sequence<I...>) {
        kernel(*static_cast<std::remove_cv_t<A>*>(parameters[I])...);
    }

    static void add(const char* name, int maxThreads, Thunk thunk) {
        const size_t sizes[] = {sizeof(A)..., 0};
        registerKernel(name, maxThreads, thunk, sizes, sizeof...(A));
    }
};

template <class Signature>
struct Registration {
    Registration(const char* name, int maxThreads, Thunk thunk) { Entry<Signature>::add(name, maxThreads, thunk); }
};

/** The place of a __shared__ declaration. */
struct SharedSite {
    int number;
    SharedSite();

    /** The current block's memory for it, filled with NaN when the block first touches it. */
    void* ofBlock(size_t bytes) const;
};

template <class T>
T shuffle(unsigned mask, T value, int from, Site site) {
    static_assert(sizeof(T) <= SLOT, "too wide for a shuffle");
    auto slots = exchange(mask, &value, sizeof value, site);
    T result;
    memcpy(&result, slots[from & 31], sizeof result);
    return result;
}

} // namespace emulation

#define KERNEL(name, maxThreads, parameters)                                                                       \
    static void name parameters;                                                                                   \
    static const emulation::Registration<decltype(name)> registered_##name(                                        \
            #name, maxThreads, &emulation::Entry<decltype(name)>::call<&name>);                                    \
    static void name parameters

#define SHARED(type, name, count)                                                                                  \
    static const emulation::SharedSite name##_site;                                                                \
    type* name = static_cast<type*>(name##_site.ofBlock(sizeof(type) * (count)))

#define DYNAMIC_SHARED(type, name) type* name = reinterpret_cast<type*>(emulation::current->block->dynamic)

#define threadIdx (emulation::current->index)
#define blockIdx (emulation::current->block->index)
#define blockDim (emulation::current->block->dimensions)
#define gridDim (emulation::current->block->grid)

// The defaults name the place of the call, for messages.
#define EMULATION_SITE const char *file = __builtin_FILE(), int line = __builtin_LINE()

static inline void __syncthreads(EMULATION_SITE) { emulation::barrier({file, line, "__syncthreads"}); }

static inline void __syncwarp(unsigned mask = 0xFFFFFFFFu, EMULATION_SITE) {
    emulation::exchange(mask, "", 1, {file, line, "__syncwarp"});
}

template <class T>
T __shfl_sync(unsigned mask, T value, int lane, int width = 32, EMULATION_SITE) {
    int own = emulation::current->lane;
    return emulation::shuffle(mask, value, (own & ~(width - 1)) | (lane & (width - 1)), {file, line, "__shfl_sync"});
}

template <class T>
T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32, EMULATION_SITE) {
    int own = emulation::current->lane;
    int from = own ^ bits;
    return emulation::shuffle(mask, value, from / width > own / width ? own : from, {file, line, "__shfl_xor_sync"});
}

template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, EMULATION_SITE) {
    int own = emulation::current->lane;
    int from = own + static_cast<int>(delta);
    return emulation::shuffle(mask, value, from / width != own / width ? own : from, {file, line, "__shfl_down_sync"});
}

template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, EMULATION_SITE) {
    int own = emulation::current->lane;
    int from = own - static_cast<int>(delta);
    return emulation::shuffle(mask, value, from < own / width * width ? own : from, {file, line, "__shfl_up_sync"});
}

static inline unsigned __ballot_sync(unsigned mask, int predicate, EMULATION_SITE) {
    unsigned char vote = predicate != 0;
    auto slots = emulation::exchange(mask, &vote, 1, {file, line, "__ballot_sync"});
    unsigned votes = 0;
    for (int lane = 0; lane < 32; lane++) {
        votes |= (mask >> lane & 1) != 0 && slots[lane][0] == 1 ? 1u << lane : 0;
    }
    return votes;
}

static inline int __any_sync(unsigned mask, int predicate, EMULATION_SITE) {
    return __ballot_sync(mask, predicate, file, line) != 0;
}

static inline int __all_sync(unsigned mask, int predicate, EMULATION_SITE) {
    return __ballot_sync(mask, !predicate, file, line) == 0;
}

template <class To, class From>
To emulationBits(From value) {
    static_assert(sizeof(To) == sizeof(From), "a change of type, not of size");
    To result;
    memcpy(&result, &value, sizeof result);
    return result;
}

static inline int __float_as_int(float x) { return emulationBits<int>(x); }
static inline unsigned __float_as_uint(float x) { return emulationBits<unsigned>(x); }
static inline float __int_as_float(int x) { return emulationBits<float>(x); }
static inline float __uint_as_float(unsigned x) { return emulationBits<float>(x); }
static inline unsigned __umulhi(unsigned x, unsigned y) { return static_cast<unsigned>(uint64_t{x} * y >> 32); }

static inline int min(int x, int y) { return x < y ? x : y; }
static inline int max(int x, int y) { return x > y ? x : y; }
static inline long long min(long long x, long long y) { return x < y ? x : y; }
static inline long long max(long long x, long long y) { return x > y ? x : y; }
