// SPDX-License-Identifier: Apache-2.0
//
// Kernels by name and their launches, and the same for callers that know C only. Environment: JACOBIAN_EMULATION_ORDER
// (forward, reverse, random).
#include "launch.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <numeric>
#include <string>

#include "block.h"
#include "pool.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace emulation {
namespace {

// Numbers of the CUDA driver's own errors, so that a driver can pass them on.
constexpr int SUCCESS = 0;
constexpr int INVALID_VALUE = 1;
constexpr int NOT_FOUND = 500;
constexpr int OUT_OF_RESOURCES = 701;
constexpr int LAUNCH_FAILED = 719;

constexpr unsigned MAX_SHARED_BYTES = 227 * 1024;

std::map<std::string, Kernel>& kernels() {
    static auto* all = new std::map<std::string, Kernel>();
    return *all;
}

/** A launch in progress. */
struct Job {
    Launch launch;
    long blocks;
    long stride; // walks through all blocks in another order; 1 unless random
    std::mutex mutex;
    std::string error;

    long number(long i) const {
        switch (launch.order) {
            case Order::FORWARD: return i;
            case Order::REVERSE: return blocks - 1 - i;
            default: return static_cast<long>(static_cast<unsigned __int128>(i) * stride % blocks);
        }
    }

    bool runNumber(long i) {
        const std::string& message = runBlock(launch, number(i));
        if (message.empty()) {
            return true;
        }
        std::lock_guard<std::mutex> lock(mutex);
        if (error.empty()) {
            error = message;
        }
        return false;
    }
};

Order orderOf(const char* name) {
    std::string text = name == nullptr ? "" : name;
    return text == "reverse" ? Order::REVERSE : text == "random" ? Order::RANDOM : Order::FORWARD;
}

std::atomic<Order> order{orderOf(getenv("JACOBIAN_EMULATION_ORDER"))};

long strideFor(long blocks) {
    long stride = std::max(1L, blocks * 5 / 8);
    while (std::gcd(stride, blocks) != 1) {
        stride++;
    }
    return stride;
}

thread_local std::string lastError;

int refuse(int code, const std::string& message) {
    lastError = message;
    return code;
}

} // namespace

void registerKernel(const char* name, int maxThreads, Thunk thunk, const size_t* sizes, int count) {
    std::string joined;
    for (int i = 0; i < count; i++) {
        joined += (i == 0 ? "" : ",") + std::to_string(sizes[i]);
    }
    kernels()[name] = {name, thunk, static_cast<unsigned>(maxThreads), joined};
}

const Kernel* findKernel(const char* name) {
    auto found = kernels().find(name);
    return found == kernels().end() ? nullptr : &found->second;
}

int launch(const Kernel& kernel, const unsigned grid[3], const unsigned block[3], unsigned sharedBytes, void** parameters) {
    for (int i = 0; i < 3; i++) {
        if (grid[i] == 0 || block[i] == 0 || grid[i] > (i == 0 ? 0x7FFFFFFFu : 65535u) || block[i] > (i == 2 ? 64u : 1024u)) {
            return refuse(INVALID_VALUE, kernel.name + ": a grid or block dimension is 0 or beyond what devices allow");
        }
    }
    unsigned long threads = 1ul * block[0] * block[1] * block[2];
    if (threads > kernel.maxThreads) {
        return refuse(OUT_OF_RESOURCES, kernel.name + ": launched with " + std::to_string(threads) +
                                                " threads per block, its launch bounds say " +
                                                std::to_string(kernel.maxThreads));
    }
    if (sharedBytes > MAX_SHARED_BYTES) {
        return refuse(INVALID_VALUE, kernel.name + ": " + std::to_string(sharedBytes) + " bytes of shared memory");
    }
    Job job{{kernel, parameters, {grid[0], grid[1], grid[2]}, {block[0], block[1], block[2]}, sharedBytes, order},
            1l * grid[0] * grid[1] * grid[2], 1, {}, {}};
    if (job.launch.order == Order::RANDOM) {
        job.stride = strideFor(job.blocks);
    }
    parallel(job.blocks, [](void* what, long i) { return static_cast<Job*>(what)->runNumber(i); }, &job);
    return job.error.empty() ? SUCCESS : refuse(LAUNCH_FAILED, job.error);
}

const std::string& launchError() { return lastError; }

} // namespace emulation

using namespace emulation;

/** Runs a kernel to its end. The result is 0 or a CUresult, explained by emu_error. */
EXPORT int emu_launch(const char* name, unsigned grid[3], unsigned block[3], unsigned sharedBytes, void** parameters) {
    const Kernel* kernel = findKernel(name);
    if (kernel == nullptr) {
        return refuse(NOT_FOUND, std::string("there is no kernel ") + name);
    }
    return launch(*kernel, grid, block, sharedBytes, parameters);
}

/** Bytes of each parameter, separated by commas; NULL if there is no such kernel. */
EXPORT const char* emu_parameter_sizes(const char* name) {
    const Kernel* kernel = findKernel(name);
    return kernel == nullptr ? nullptr : kernel->sizes.c_str();
}

/** What was wrong with the calling thread's last launch that failed. */
EXPORT const char* emu_error() { return lastError.c_str(); }

/** The names of all kernels, in order, separated by commas. */
EXPORT const char* emu_kernels() {
    static const auto* joined = [] {
        auto* all = new std::string();
        for (const auto& entry : kernels()) {
            *all += (all->empty() ? "" : ",") + entry.first;
        }
        return all;
    }();
    return joined->c_str();
}

/** Chooses forward, reverse or random, whatever the environment says. */
EXPORT void emu_set_order(const char* name) { order = orderOf(name); }
