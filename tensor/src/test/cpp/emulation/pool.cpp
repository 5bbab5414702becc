// SPDX-License-Identifier: Apache-2.0
//
// The caller does the first piece itself, and calls for help only when what is left is worth waking a thread: most launches of
// a small model are one block of a microsecond or two, and a wake-up costs several.
//
// So fibers do run on the stack's owner, a Java thread among them. The JVM finds the frames of a thread in native code through
// the frame that entered it, not through the stack pointer, so a fiber's stack does not confuse it. Signals wait until the work
// is done, but for those that a wrong kernel raises itself. Environment: JACOBIAN_EMULATION_THREADS.
#include "pool.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>

namespace emulation {
namespace {

using Clock = std::chrono::steady_clock;

/** Work left, by the time of the first piece, that is worth waking a thread for. */
constexpr Clock::duration WORTH_WAKING = std::chrono::microseconds(50);

struct Job {
    long count;
    bool (*run)(void* what, long i);
    void* what;
    std::atomic<long> next{0};

    /** Whether pieces are left. */
    bool one() {
        long i = next.fetch_add(1, std::memory_order_relaxed);
        if (i >= count) {
            return false;
        }
        if (!run(what, i)) {
            next = count;
        }
        return true;
    }
};

sigset_t signalsOfOthers() {
    sigset_t signals;
    sigfillset(&signals);
    for (int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
        sigdelset(&signals, own);
    }
    return signals;
}

class SignalsWait {
  public:
    SignalsWait() {
        static const sigset_t others = signalsOfOthers();
        pthread_sigmask(SIG_SETMASK, &others, &before);
    }

    ~SignalsWait() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }

  private:
    sigset_t before;
};

class Pool {
  public:
    Pool() {
        const char* wanted = getenv("JACOBIAN_EMULATION_THREADS");
        long count = std::clamp(wanted != nullptr ? atol(wanted) : sysconf(_SC_NPROCESSORS_ONLN), 1L, 16L);
        SignalsWait inherited;
        for (long i = 1; i < count; i++) {
            pthread_t thread;
            if (pthread_create(&thread, nullptr, [](void* pool) -> void* { static_cast<Pool*>(pool)->serve(); return nullptr; },
                               this) == 0) {
                pthread_detach(thread);
                helpers++;
            }
        }
    }

    void run(Job& job) {
        SignalsWait untilDone;
        if (job.count == 1 || helpers == 0) {
            while (job.one()) {
            }
            return;
        }
        Clock::time_point start = Clock::now();
        job.one();
        bool help = (Clock::now() - start) * (job.count - 1) > WORTH_WAKING;
        std::unique_lock<std::mutex> oneJob(offering, std::defer_lock);
        if (help && oneJob.try_lock()) {
            offer(&job);
        }
        while (job.one()) {
        }
        if (oneJob.owns_lock()) {
            std::unique_lock<std::mutex> lock(mutex);
            offered = nullptr;
            end.wait(lock, [&] { return active == 0; });
        }
    }

  private:
    std::mutex offering, mutex;
    std::condition_variable begin, end;
    Job* offered = nullptr;
    unsigned long number = 0;
    int active = 0;
    int helpers = 0;

    void offer(Job* job) {
        std::lock_guard<std::mutex> lock(mutex);
        offered = job;
        number++;
        begin.notify_all();
    }

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
            while (job.one()) {
            }
            lock.lock();
            active--;
            end.notify_all();
        }
    }
};

} // namespace

void parallel(long count, bool (*run)(void* what, long i), void* what) {
    static Pool* pool = new Pool(); // its threads never end
    Job job{count, run, what};
    pool->run(job);
}

} // namespace emulation
