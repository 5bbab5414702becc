// SPDX-License-Identifier: Apache-2.0
//
// The scheduler of one block. A thread goes on until it waits or returns; then the next one in the chosen order that can run
// follows, and if there is none although some wait, that is a deadlock. Waking too many is only a cost: a woken thread looks
// again whether what it waits for has come.
//
// A fiber hands over to the next one directly, and one that has returned becomes the next that has not begun: the threads of a
// kernel that never waits are calls in a loop.
#include "block.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <numeric>
#include <random>
#include <vector>

#include "fiber.h"

namespace emulation {

thread_local Thread* current;

namespace {

/** What one __shared__ declaration has, and the block that it was last filled for. */
struct SharedMemory {
    std::vector<float4> memory;
    unsigned long serial = 0;
};

struct AsyncCopy {
    void* target;
    const void* source; // null: zeros
    int bytes, group;
};

/** Where the lanes of a warp leave what they bring to a meeting. */
struct alignas(16) Slots {
    unsigned char bytes[2][32][SLOT];
};

/** Asynchronous copies that one thread may have in flight. */
constexpr int COPIES = 64;

/** What an operating-system thread needs to run blocks, one after another. */
struct Worker {
    void* stackPointer; // of runBlock, while a fiber runs
    std::vector<void*> freeStacks;
    std::vector<Thread> threads;
    std::vector<AsyncCopy> copies; // COPIES for each thread; empty until the first
    std::vector<Warp> warps;
    std::vector<Slots> slots; // MEETINGS for each warp
    std::vector<unsigned char> dynamic;
    std::vector<SharedMemory> shared;
    std::vector<int> shuffled;
    std::minstd_rand random;
    uint3 laidOut{0, 0, 0}; // the block size that the threads are numbered for
    int position;           // of the thread to look at next, in the order
    unsigned long serial = 0;
    const Launch* launch;
    Block block;
    std::string error;
};

thread_local Worker* worker __attribute__((tls_model("initial-exec")));

std::mutex sparesMutex;
std::vector<void*> spareStacks; // of threads that have ended

/** Frees what a thread had when it ends. */
struct Owner {
    ~Owner() {
        if (worker != nullptr) {
            std::lock_guard<std::mutex> lock(sparesMutex);
            spareStacks.insert(spareStacks.end(), worker->freeStacks.begin(), worker->freeStacks.end());
            delete worker;
            worker = nullptr;
        }
    }
};

std::atomic<int> sharedSites{0};

std::string text(const Site& site) {
    const char* name = strrchr(site.file, '/');
    return std::string(site.what) + " at " + (name ? name + 1 : site.file) + ":" + std::to_string(site.line);
}

std::string text(const uint3& v) {
    return "(" + std::to_string(v.x) + ", " + std::to_string(v.y) + ", " + std::to_string(v.z) + ")";
}

std::string whoIsCurrent() { return "thread " + text(current->index) + " of block " + text(current->block->index); }

bool same(const Site& a, const Site& b) {
    return a.line == b.line && (a.file == b.file || strcmp(a.file, b.file) == 0);
}

/** Goes on behind the block; fibers that have not ended never do. */
[[noreturn]] void leaveBlock() {
    emulation_switch(&current->stackPointer, worker->stackPointer);
    __builtin_unreachable();
}

[[noreturn]] void fail(const std::string& message) {
    worker->error = worker->launch->kernel.name + ": " + message;
    leaveBlock();
}

/** The next thread in the order that can run, or null. */
Thread* next() {
    Worker& w = *worker;
    int threads = w.block.threads;
    Order order = w.launch->order;
    // Twice around: shuffling in between may move a thread from the part still to come to the part seen.
    for (int looked = 0; looked < 2 * threads; looked++) {
        if (w.position == threads) {
            w.position = 0;
            if (order == Order::RANDOM) {
                std::shuffle(w.shuffled.begin(), w.shuffled.end(), w.random);
            }
        }
        int place = w.position++;
        int t = order == Order::FORWARD ? place : order == Order::REVERSE ? threads - 1 - place : w.shuffled[place];
        if (w.threads[t].state == State::READY) {
            return &w.threads[t];
        }
    }
    return nullptr;
}

void wake(int from, int count) {
    for (int t = from; t < from + count; t++) {
        if (worker->threads[t].state == State::WAITING) {
            worker->threads[t].state = State::READY;
        }
    }
}

void retire(Thread& thread);
void fiberMain();
[[noreturn]] void reportDeadlock();

void* takeStack() {
    auto& free = worker->freeStacks;
    if (free.empty()) {
        std::lock_guard<std::mutex> lock(sparesMutex);
        if (!spareStacks.empty()) {
            free.swap(spareStacks);
        } else {
            free.push_back(newStack());
        }
    }
    void* stack = free.back();
    free.pop_back();
    return stack;
}

/** Lets another thread run; returns when somebody lets the one run that was running. */
void switchTo(Thread& thread, void** here) {
    current = &thread;
    if (thread.stack == nullptr) {
        thread.stack = takeStack();
        thread.stackPointer = prepareStack(thread.stack, fiberMain);
    }
    emulation_switch(here, thread.stackPointer);
}

void fiberMain() {
    const Launch& launch = *worker->launch;
    for (;;) {
        launch.kernel.thunk(launch.parameters);
        Thread& ended = *current;
        if (ended.copies != 0) {
            asyncWait(0);
        }
        ended.state = State::DONE;
        retire(ended);
        Thread* following = next();
        if (following == nullptr) {
            if (worker->block.live > 0) {
                reportDeadlock();
            }
            leaveBlock();
        }
        if (following->stack != nullptr) {
            worker->freeStacks.push_back(ended.stack); // nobody takes it before this one is left
            ended.stack = nullptr;
            switchTo(*following, &ended.stackPointer);
            __builtin_unreachable();
        }
        following->stack = ended.stack;
        ended.stack = nullptr;
        current = following;
    }
}

void wait(const Site& site) {
    Thread& self = *current;
    self.site = site;
    self.state = State::WAITING;
    Thread* following = next();
    if (following == nullptr) {
        reportDeadlock();
    }
    switchTo(*following, &self.stackPointer);
}

void openBarrier(Block& block) {
    block.arrived = 0;
    block.generation++;
    wake(0, block.threads);
}

void finishIfAllCame(Warp& warp, Exchange& meeting, int threads) {
    unsigned expected = meeting.mask & warp.live;
    if ((meeting.arrived & expected) != expected) {
        return;
    }
    for (unsigned absent = ~meeting.arrived; absent != 0; absent &= absent - 1) {
        memset(meeting.slots[meeting.generation & 1][__builtin_ctz(absent)], 0xFF, SLOT);
    }
    meeting.arrived = 0;
    meeting.generation++;
    warp.begun--;
    wake(warp.first, std::min(32, threads - warp.first));
}

} // namespace

SharedSite::SharedSite() : number(sharedSites++) {}

void* SharedSite::ofBlock(size_t bytes) const {
    auto& all = worker->shared;
    if (static_cast<int>(all.size()) <= number) {
        all.resize(number + 1); // moves the vectors, not what they hold
    }
    SharedMemory& own = all[number];
    if (own.serial != current->block->serial) {
        own.serial = current->block->serial;
        own.memory.resize((bytes + sizeof(float4) - 1) / sizeof(float4));
        memset(static_cast<void*>(own.memory.data()), 0xFF, own.memory.size() * sizeof(float4));
    }
    return own.memory.data();
}

void barrier(Site site) {
    Block& block = *current->block;
    if (block.arrived == 0) {
        block.site = site;
    } else if (!same(block.site, site)) {
        fail("divergent barrier: " + whoIsCurrent() + " is in " + text(site) + ", others are in " + text(block.site));
    }
    unsigned generation = block.generation;
    if (++block.arrived == block.live) {
        openBarrier(block);
    }
    while (block.generation == generation) {
        wait(site);
    }
}

unsigned char (*exchange(unsigned mask, const void* value, size_t bytes, Site site))[SLOT] {
    Thread& self = *current;
    Warp& warp = *self.warp;
    if ((mask >> self.lane & 1) == 0) {
        fail("lane outside its mask: " + whoIsCurrent() + " (lane " + std::to_string(self.lane) + ") in " + text(site));
    }
    Exchange* meeting = nullptr;
    for (Exchange& candidate : warp.exchanges) {
        if (candidate.mask == mask || candidate.mask == 0) {
            meeting = &candidate;
            break;
        }
    }
    if (meeting == nullptr) {
        fail("more different lane masks in one warp than the emulation keeps, in " + text(site));
    }
    if (meeting->arrived == 0) {
        meeting->mask = mask;
        meeting->site = site;
        warp.begun++;
    } else if (!same(meeting->site, site)) {
        fail("divergent warp: " + whoIsCurrent() + " is in " + text(site) + ", other lanes are in " + text(meeting->site));
    }
    unsigned generation = meeting->generation;
    auto slots = meeting->slots[generation & 1];
    memcpy(slots[self.lane], value, bytes);
    meeting->arrived |= 1u << self.lane;
    finishIfAllCame(warp, *meeting, self.block->threads);
    while (meeting->generation == generation) {
        wait(site);
    }
    return slots;
}

void asyncCopy(void* target, const void* source, int bytes) {
    Worker& w = *worker;
    Thread& self = *current;
    if (self.copies == COPIES) {
        fail("more asynchronous copies in flight than the emulation keeps");
    }
    if (w.copies.size() < w.threads.size() * COPIES) {
        w.copies.resize(w.threads.size() * COPIES);
    }
    w.copies[self.linear * COPIES + self.copies++] = {target, source, bytes, self.group};
}

void asyncCommit() { current->group++; }

void asyncWait(int groupsLeft) {
    Thread& self = *current;
    if (self.copies == 0) {
        return;
    }
    AsyncCopy* pending = worker->copies.data() + self.linear * COPIES;
    int kept = 0;
    for (int i = 0; i < self.copies; i++) {
        AsyncCopy copy = pending[i];
        if (groupsLeft > 0 && copy.group >= self.group - groupsLeft) {
            pending[kept++] = copy;
        } else if (copy.source == nullptr) {
            memset(copy.target, 0, copy.bytes);
        } else {
            memcpy(copy.target, copy.source, copy.bytes);
        }
    }
    self.copies = kept;
}

namespace {

// Numbers the threads; blocks of one size after another are numbered once.
void layOut(Worker& w, uint3 size, int threads) {
    w.warps.resize((threads + 31) / 32);
    w.slots.resize(w.warps.size() * MEETINGS);
    for (size_t i = 0; i < w.warps.size(); i++) {
        w.warps[i].first = static_cast<int>(i) * 32;
        for (int meeting = 0; meeting < MEETINGS; meeting++) {
            w.warps[i].exchanges[meeting].slots = w.slots[i * MEETINGS + meeting].bytes;
        }
    }
    if (static_cast<int>(w.threads.size()) < threads) {
        w.threads.resize(threads);
    }
    for (int t = 0; t < threads; t++) {
        Thread& thread = w.threads[t];
        unsigned linear = static_cast<unsigned>(t);
        thread.index = {linear % size.x, linear / size.x % size.y, linear / size.x / size.y};
        thread.linear = t;
        thread.lane = t & 31;
        thread.warp = &w.warps[t >> 5];
        thread.block = &w.block;
        thread.stack = nullptr;
    }
    w.laidOut = size;
}

void reset(Worker& w, const Launch& launch, long number) {
    Block& block = w.block;
    uint3 size = launch.dimensions;
    block.grid = launch.grid;
    block.dimensions = size;
    block.index = {static_cast<unsigned>(number % launch.grid.x),
                   static_cast<unsigned>(number / launch.grid.x % launch.grid.y),
                   static_cast<unsigned>(number / launch.grid.x / launch.grid.y)};
    block.threads = static_cast<int>(size.x * size.y * size.z);
    block.live = block.threads;
    block.arrived = 0;
    block.generation = 0;
    block.serial = ++w.serial;
    w.dynamic.assign(launch.sharedBytes + 128, 0xFF);
    block.dynamic = reinterpret_cast<unsigned char*>((reinterpret_cast<uintptr_t>(w.dynamic.data()) + 127) & ~uintptr_t{127});

    if (size.x != w.laidOut.x || size.y != w.laidOut.y || size.z != w.laidOut.z) {
        layOut(w, size, block.threads);
    }
    for (Warp& warp : w.warps) {
        int lanes = std::min(32, block.threads - warp.first);
        warp.live = lanes == 32 ? ~0u : (1u << lanes) - 1;
        warp.begun = 0;
        for (Exchange& meeting : warp.exchanges) {
            meeting.mask = 0;
            meeting.arrived = 0;
        }
    }
    for (int t = 0; t < block.threads; t++) {
        w.threads[t].state = State::READY;
        w.threads[t].copies = 0;
        w.threads[t].group = 0;
    }
    w.position = 0;
    if (launch.order == Order::RANDOM) {
        w.random.seed(static_cast<unsigned>(number) + 1);
        w.shuffled.resize(block.threads);
        std::iota(w.shuffled.begin(), w.shuffled.end(), 0);
        std::shuffle(w.shuffled.begin(), w.shuffled.end(), w.random);
    }
}

// A thread that has returned keeps nobody waiting.
void retire(Thread& thread) {
    Block& block = *thread.block;
    block.live--;
    thread.warp->live &= ~(1u << thread.lane);
    if (block.live > 0 && block.arrived == block.live) {
        openBarrier(block);
    }
    if (thread.warp->begun == 0) {
        return;
    }
    for (Exchange& meeting : thread.warp->exchanges) {
        if (meeting.arrived != 0) {
            finishIfAllCame(*thread.warp, meeting, block.threads);
        }
    }
}

void reportDeadlock() {
    const Block& block = worker->block;
    int waiting = 0;
    const Thread* example = nullptr;
    for (int t = 0; t < block.threads; t++) {
        if (worker->threads[t].state == State::WAITING) {
            waiting++;
            example = example == nullptr ? &worker->threads[t] : example;
        }
    }
    fail("deadlock in block " + text(block.index) + ": " + std::to_string(waiting) + " of " + std::to_string(block.threads) +
         " threads wait, thread " + text(example->index) + " in " + text(example->site) + "; the others have returned");
}

} // namespace

const std::string& runBlock(const Launch& launch, long number) {
    if (worker == nullptr) {
        static thread_local Owner owner;
        (void) owner;
        worker = new Worker();
    }
    Worker& w = *worker;
    w.launch = &launch;
    w.error.clear();
    reset(w, launch, number);
    switchTo(*next(), &w.stackPointer);
    current = nullptr;
    for (int t = 0; t < w.block.threads; t++) { // the last one's; after an error also those of fibers that will never go on
        if (w.threads[t].stack != nullptr) {
            w.freeStacks.push_back(w.threads[t].stack);
            w.threads[t].stack = nullptr;
        }
    }
    return w.error;
}

} // namespace emulation
