// SPDX-License-Identifier: Apache-2.0
//
// A libcuda.so.1 for tests: device memory is host memory, kernels run on the CPU, and mistakes that a GPU would forgive, or
// punish much later, are faults at once. The real JCuda natives run on it unchanged.
//
// Decisions:
//  - Work given to a stream is a queue of closures. In lazy mode they run only when somebody waits for them, so a missing
//    synchronisation shows stale data; in eager mode they run at once; overtaking, a device's first stream is lazy and the others
//    are eager, so that a missing wait for arithmetic shows too. All orders are legal on a device, so a program must give the
//    same results on each.
//  - A fault (a mistake of the caller's) is kept as text for the test to read, besides whatever code the call returns.
//  - A loss of the device, on request: from some launch on, everything fails.
//  - Other processes, on request: those that name the same file share the memory of their devices.
//  - One lock for everything: this is about correctness.
//  - What is not implemented says so by name; see the stubs that the build generates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#define EXPORT extern "C" __attribute__((visibility("default")))

typedef int CUresult;
typedef uint64_t CUdeviceptr;

namespace fake {

enum Result {
    SUCCESS = 0,
    INVALID_VALUE = 1,
    OUT_OF_MEMORY = 2,
    NOT_INITIALIZED = 3,
    NO_DEVICE = 100,
    INVALID_DEVICE = 101,
    INVALID_CONTEXT = 201,
    INVALID_PTX = 218,
    INVALID_HANDLE = 400,
    NOT_FOUND = 500,
    NOT_READY = 600,
    ILLEGAL_ADDRESS = 700,
    LAUNCH_OUT_OF_RESOURCES = 701,
    LAUNCH_FAILED = 719,
    NOT_SUPPORTED = 801,
    CAPTURE_UNSUPPORTED = 900,
    CAPTURE_INVALIDATED = 901,
    CAPTURE_UNMATCHED = 903,
    CAPTURE_UNJOINED = 904,
    CAPTURE_ISOLATION = 905
};

typedef std::function<CUresult()> Work;

struct Capture;

// The device of the calling thread's context.
int currentDevice();

struct Stream {
    const int device = currentDevice();
    bool first = false;         // of its device's
    std::deque<Work> queue;
    uint64_t given = 0;         // pieces of work ever given to it
    uint64_t done = 0;          // pieces of work run
    Capture *capture = nullptr; // that it takes part in
    std::vector<int> tail;      // then: what its next piece of work comes after
};

struct Event {
    const int device = currentDevice();
    Stream *stream = nullptr; // null before it is recorded, and when the stream is gone (it was drained then)
    uint64_t position = 0;
    bool recorded = false;
    bool timing = false;
    double milliseconds = 0;
    uint64_t capture = 0;  // that it was recorded in; 0 for none
    std::vector<int> tail; // then: what it marks
};

// What tests may change, and what they may read.
struct Settings {
    bool lazy = true;
    bool othersEarly = false;     // in lazy mode, all but a device's first stream run at once: copies overtake arithmetic
    int waitsToIgnoredOne = -1;   // waits of streams for events until one that is ignored; negative: none is
    int devices = 1;
    int driverVersion = 13000;
    uint64_t memory = 1ULL << 30; // of each device
    uint64_t taken = 0;           // of it, by another process
    int allocationsToTaking = -1; // until the other process takes what comes next; negative: it does not
    uint64_t takenThen = 0;
    int launchesLeft = -1;        // until the device is lost; negative: it stays
    enum { KEPT, PRINTED, FATAL } faults = KEPT;
};

extern std::recursive_mutex lock;
extern Settings settings;
extern bool initialized;
extern bool lost;       // the device has fallen off
extern CUresult sticky; // a failure of work: every later call answers with it until the context is gone

// Notes a mistake of the caller and returns the code.
CUresult fault(CUresult code, const char *format, ...) __attribute__((format(printf, 2, 3)));

// The code that every call begins with: an injected failure, a missing cuInit, a missing context, or the sticky failure.
CUresult enter(const char *function, bool needsContext);

// Gives work to a stream.
CUresult give(Stream *stream, Work work);

// Runs a stream's work up to a position.
CUresult drain(Stream *stream, uint64_t position);
CUresult drainAll();

bool isStream(Stream *stream);
bool isEvent(Event *event);

// What begins every function that no capture of a stream may contain: while there is one, it is a fault and ends it.
CUresult notWhileCapturing(const char *function);

// Captures.
CUresult capture(Stream *stream, Work work);
CUresult captureRecord(Event *event, Stream *stream);
CUresult captureWait(Stream *stream, Event *event); // also where only the event was captured
CUresult breakCapture(Stream *stream, CUresult code);

// Whether the range lies in one open allocation; a fault if not.
CUresult checkRange(CUdeviceptr address, size_t bytes, const char *what);

// Looks for writes outside of allocations, and blames them on some work: around the allocation that an address is in or
// beside, if it is in one; around every one, if something ran since this was last looked at.
CUresult checkCanaries(CUdeviceptr address, const char *work);
CUresult checkAllCanaries(const char *work);

// At the end of a device's context: faults for everything that was not closed, and a fresh start.
void releaseMemory(int device);
void releaseStreams(int device);
void releaseModules(int device);
void releaseGraphs(int device);

// Takes what a device's context left open out of a set, and notes how much it was; a lost device's cannot be closed in order.
template <typename T> std::vector<T *> takeOpen(std::set<T *> &all, int device, const char *what) {
    std::vector<T *> open;
    for (T *one : all) {
        if (one->device == device) open.push_back(one);
    }
    for (T *one : open) all.erase(one);
    if (!lost && !open.empty()) fault(SUCCESS, "context closed with %zu %s", open.size(), what);
    return open;
}

} // namespace fake

// Begins every function: takes the lock and answers early where it must.
#define ENTER(name, needsContext)                                                                                      \
    std::lock_guard<std::recursive_mutex> held(fake::lock);                                                            \
    if (CUresult early = fake::enter(name, needsContext)) return early
