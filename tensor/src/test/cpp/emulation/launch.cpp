// SPDX-License-Identifier: Apache-2.0
//
// The C interface of the emulated device: kernels by name, launches, and the threads that run the blocks.
//
// Blocks run on threads of this library, never on the caller's: a fiber's stack under a Java thread would confuse the JVM's
// stack walks. Those threads block every signal but the ones that a wrong kernel raises itself, so none of the JVM's lands on
// them. Environment: JACOBIAN_EMULATION_ORDER (forward, reverse, random), JACOBIAN_EMULATION_THREADS.
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <map>
#include <mutex>
#include <numeric>
#include <string>
#include <vector>

#include "block.h"

namespace emulation {
namespace {

// Numbers of the CUDA driver's own errors, so that a driver can pass them on.
constexpr int SUCCESS = 0;
constexpr int INVALID_VALUE = 1;
constexpr int NOT_FOUND = 500;
constexpr int OUT_OF_RESOURCES = 701;
constexpr int LAUNCH_FAILED = 719;

constexpr unsigned MAX_SHARED_BYTES = 227 * 1024;

struct Kernel {
    Thunk thunk;
    unsigned maxThreads;
    std::string sizes; // "8,8,4"
};

std::map<std::string, Kernel>& kernels() {
    static auto* all = new std::map<std::string, Kernel>();
    return *all;
}

/** A launch in progress: workers take block numbers until there are none. */
struct Job {
    Launch launch;
    long blocks;
    long stride; // walks through all blocks in another order; 1 unless random
    std::atomic<long> next{0};
    std::mutex mutex;
    std::string error;

    long number(long i) const {
        switch (launch.order) {
            case Order::FORWARD: return i;
            case Order::REVERSE: return blocks - 1 - i;
            default: return static_cast<long>(static_cast<unsigned __int128>(i) * stride % blocks);
        }
    }

    void work() {
        for (long i; (i = next++) < blocks;) {
            std::string message = runBlock(launch, number(i));
            if (!message.empty()) {
                std::lock_guard<std::mutex> lock(mutex);
                if (error.empty()) {
                    error = message;
                }
                next = blocks;
            }
        }
    }
};

class Pool {
  public:
    Pool() {
        const char* wanted = getenv("JACOBIAN_EMULATION_THREADS");
        long count = wanted != nullptr ? atol(wanted) : sysconf(_SC_NPROCESSORS_ONLN);
        sigset_t blocked, before;
        sigfillset(&blocked);
        for (int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
            sigdelset(&blocked, own);
        }
        pthread_sigmask(SIG_SETMASK, &blocked, &before);
        for (long i = 0; i < std::clamp(count, 1L, 16L); i++) {
            pthread_t thread;
            if (pthread_create(&thread, nullptr, [](void* pool) -> void* { static_cast<Pool*>(pool)->serve(); return nullptr; },
                               this) == 0) {
                pthread_detach(thread);
            }
        }
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
    }

    void run(Job& job) {
        std::lock_guard<std::mutex> oneLaunch(launching);
        std::unique_lock<std::mutex> lock(mutex);
        offered = &job;
        number++;
        begin.notify_all();
        end.wait(lock, [&] { return active == 0 && job.next >= job.blocks; });
        offered = nullptr;
    }

  private:
    std::mutex launching, mutex;
    std::condition_variable begin, end;
    Job* offered = nullptr;
    unsigned long number = 0;
    int active = 0;

    [[noreturn]] void serve() {
        std::unique_lock<std::mutex> lock(mutex);
        for (unsigned long seen = 0;;) {
            begin.wait(lock, [&] { return number != seen; });
            seen = number;
            if (offered == nullptr) {
                continue; // over before this thread woke
            }
            Job& job = *offered;
            active++;
            lock.unlock();
            job.work();
            lock.lock();
            active--;
            end.notify_all();
        }
    }
};

Pool& pool() {
    static Pool* one = new Pool(); // its threads never end
    return *one;
}

std::mutex orderMutex;
std::string orderChosen; // empty: as the environment says

Order order() {
    std::lock_guard<std::mutex> lock(orderMutex);
    const char* environment = getenv("JACOBIAN_EMULATION_ORDER");
    std::string name = !orderChosen.empty() ? orderChosen : environment != nullptr ? environment : "forward";
    return name == "reverse" ? Order::REVERSE : name == "random" ? Order::RANDOM : Order::FORWARD;
}

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
    kernels()[name] = {thunk, static_cast<unsigned>(maxThreads), joined};
}

} // namespace emulation

using namespace emulation;

/** Runs a kernel to its end. The result is 0 or a CUresult, explained by emu_error. */
extern "C" int emu_launch(const char* name, unsigned grid[3], unsigned block[3], unsigned sharedBytes, void** parameters) {
    auto found = kernels().find(name);
    if (found == kernels().end()) {
        return refuse(NOT_FOUND, std::string("there is no kernel ") + name);
    }
    for (int i = 0; i < 3; i++) {
        if (grid[i] == 0 || block[i] == 0 || grid[i] > (i == 0 ? 0x7FFFFFFFu : 65535u) || block[i] > (i == 2 ? 64u : 1024u)) {
            return refuse(INVALID_VALUE, std::string(name) + ": a grid or block dimension is 0 or beyond what devices allow");
        }
    }
    unsigned threads = block[0] * block[1] * block[2];
    if (threads > found->second.maxThreads) {
        return refuse(OUT_OF_RESOURCES, std::string(name) + ": launched with " + std::to_string(threads) +
                                                " threads per block, its launch bounds say " +
                                                std::to_string(found->second.maxThreads));
    }
    if (sharedBytes > MAX_SHARED_BYTES) {
        return refuse(INVALID_VALUE, std::string(name) + ": " + std::to_string(sharedBytes) + " bytes of shared memory");
    }
    Job job;
    job.launch = {name, found->second.thunk, parameters, {grid[0], grid[1], grid[2]}, {block[0], block[1], block[2]},
                  sharedBytes, order()};
    job.blocks = static_cast<long>(grid[0]) * grid[1] * grid[2];
    job.stride = strideFor(job.blocks);
    pool().run(job);
    return job.error.empty() ? SUCCESS : refuse(LAUNCH_FAILED, job.error);
}

/** Bytes of each parameter, separated by commas; NULL if there is no such kernel. */
extern "C" const char* emu_parameter_sizes(const char* name) {
    auto found = kernels().find(name);
    return found == kernels().end() ? nullptr : found->second.sizes.c_str();
}

/** What was wrong with the calling thread's last launch that failed. */
extern "C" const char* emu_error() { return lastError.c_str(); }

/** The names of all kernels, in order, separated by commas. */
extern "C" const char* emu_kernels() {
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
extern "C" void emu_set_order(const char* name) {
    std::lock_guard<std::mutex> lock(orderMutex);
    orderChosen = name;
}
