// SPDX-License-Identifier: Apache-2.0
//
// The scheduler of one block. It walks over the threads in the chosen order and lets each that can run go on until it waits or
// returns; a walk in which nobody could run is a deadlock. Waking too many is only a cost: a woken thread looks again whether
// what it waits for has come.
#include "block.h"

#include <algorithm>
#include <atomic>
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

struct Worker {
    void* stackPointer; // of the scheduler, while a fiber runs
    std::vector<void*> freeStacks;
    std::vector<Thread> threads;
    std::vector<Warp> warps;
    std::vector<unsigned char> dynamic;
    std::vector<SharedMemory> shared;
    std::vector<int> order;
    unsigned long serial = 0;
    const Launch* launch;
    std::string error;
};

thread_local Worker* worker;
std::atomic<int> sharedSites{0};

std::string text(const Site& site) {
    const char* name = strrchr(site.file, '/');
    return std::string(site.what) + " at " + (name ? name + 1 : site.file) + ":" + std::to_string(site.line);
}

std::string text(const uint3& v) {
    return "(" + std::to_string(v.x) + ", " + std::to_string(v.y) + ", " + std::to_string(v.z) + ")";
}

std::string whoIsCurrent() { return "thread " + text(current->index) + " of block " + text(current->block->index); }

bool same(const Site& a, const Site& b) { return a.line == b.line && strcmp(a.file, b.file) == 0; }

[[noreturn]] void leave() {
    current->state = State::DONE;
    emulation_switch(&current->stackPointer, worker->stackPointer);
    __builtin_unreachable();
}

[[noreturn]] void fail(const std::string& message) {
    if (worker->error.empty()) {
        worker->error = worker->launch->name + ": " + message;
    }
    leave();
}

void fiberMain() {
    worker->launch->thunk(worker->launch->parameters);
    asyncWait(0);
    leave();
}

void wait(const Site& site) {
    current->site = site;
    current->state = State::WAITING;
    emulation_switch(&current->stackPointer, worker->stackPointer);
}

void wake(int from, int count) {
    for (int t = from; t < from + count; t++) {
        if (worker->threads[t].state == State::WAITING) {
            worker->threads[t].state = State::READY;
        }
    }
}

void openBarrier(Block& block) {
    block.arrived = 0;
    block.generation++;
    wake(0, block.threads);
}

void finishIfAllCame(Warp& warp, Exchange& meeting, int threads) {
    unsigned expected = meeting.mask & warp.live;
    if (meeting.arrived == 0 || (meeting.arrived & expected) != expected) {
        return;
    }
    for (int lane = 0; lane < 32; lane++) {
        if ((meeting.arrived >> lane & 1) == 0) {
            memset(meeting.slots[meeting.generation & 1][lane], 0xFF, SLOT);
        }
    }
    meeting.arrived = 0;
    meeting.generation++;
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
    Thread& self = *current;
    if (self.copies == static_cast<int>(std::size(self.pending))) {
        fail("more asynchronous copies in flight than the emulation keeps");
    }
    self.pending[self.copies++] = {target, source, bytes, self.group};
}

void asyncCommit() { current->group++; }

void asyncWait(int groupsLeft) {
    Thread& self = *current;
    int kept = 0;
    for (int i = 0; i < self.copies; i++) {
        AsyncCopy copy = self.pending[i];
        if (groupsLeft > 0 && copy.group >= self.group - groupsLeft) {
            self.pending[kept++] = copy;
        } else if (copy.source == nullptr) {
            memset(copy.target, 0, copy.bytes);
        } else {
            memcpy(copy.target, copy.source, copy.bytes);
        }
    }
    self.copies = kept;
}

namespace {

void reset(Block& block, const Launch& launch, long number) {
    Worker& w = *worker;
    block.grid = launch.grid;
    block.dimensions = launch.dimensions;
    block.index = {static_cast<unsigned>(number % launch.grid.x),
                   static_cast<unsigned>(number / launch.grid.x % launch.grid.y),
                   static_cast<unsigned>(number / launch.grid.x / launch.grid.y)};
    uint3 size = launch.dimensions;
    block.threads = static_cast<int>(size.x * size.y * size.z);
    block.live = block.threads;
    block.arrived = 0;
    block.generation = 0;
    block.serial = ++w.serial;
    w.dynamic.assign(launch.sharedBytes + 128, 0xFF);
    block.dynamic = reinterpret_cast<unsigned char*>((reinterpret_cast<uintptr_t>(w.dynamic.data()) + 127) & ~uintptr_t{127});

    w.warps.resize((block.threads + 31) / 32);
    for (size_t i = 0; i < w.warps.size(); i++) {
        Warp& warp = w.warps[i];
        warp.first = static_cast<int>(i) * 32;
        int lanes = std::min(32, block.threads - warp.first);
        warp.live = lanes == 32 ? ~0u : (1u << lanes) - 1;
        for (Exchange& meeting : warp.exchanges) {
            meeting.mask = 0;
            meeting.arrived = 0;
        }
    }
    if (static_cast<int>(w.threads.size()) < block.threads) {
        w.threads.resize(block.threads);
    }
    for (int t = 0; t < block.threads; t++) {
        Thread& thread = w.threads[t];
        unsigned linear = static_cast<unsigned>(t);
        thread.index = {linear % size.x, linear / size.x % size.y, linear / size.x / size.y};
        thread.linear = t;
        thread.lane = t & 31;
        thread.warp = &w.warps[t >> 5];
        thread.block = &block;
        thread.state = State::READY;
        thread.stack = nullptr;
        thread.copies = 0;
        thread.group = 0;
    }
    w.order.resize(block.threads);
    for (int t = 0; t < block.threads; t++) {
        w.order[t] = launch.order == Order::REVERSE ? block.threads - 1 - t : t;
    }
}

void step(Thread& thread) {
    Worker& w = *worker;
    if (thread.stack == nullptr) {
        if (w.freeStacks.empty()) {
            w.freeStacks.push_back(newStack());
        }
        thread.stack = w.freeStacks.back();
        w.freeStacks.pop_back();
        thread.stackPointer = prepareStack(thread.stack, fiberMain);
    }
    current = &thread;
    emulation_switch(&w.stackPointer, thread.stackPointer);
    if (thread.state == State::DONE) {
        w.freeStacks.push_back(thread.stack);
        thread.stack = nullptr;
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
    for (Exchange& meeting : thread.warp->exchanges) {
        finishIfAllCame(*thread.warp, meeting, block.threads);
    }
}

std::string describeDeadlock(const Block& block) {
    int waiting = 0;
    const Thread* example = nullptr;
    for (int t = 0; t < block.threads; t++) {
        if (worker->threads[t].state == State::WAITING) {
            waiting++;
            example = example == nullptr ? &worker->threads[t] : example;
        }
    }
    return worker->launch->name + ": deadlock in block " + text(block.index) + ": " + std::to_string(waiting) + " of " +
           std::to_string(block.threads) + " threads wait, thread " + text(example->index) + " in " + text(example->site) +
           "; the others have returned";
}

} // namespace

std::string runBlock(const Launch& launch, long number) {
    if (worker == nullptr) {
        worker = new Worker(); // lives as long as its thread, and that as long as the process
    }
    Worker& w = *worker;
    w.launch = &launch;
    w.error.clear();
    Block block{};
    reset(block, launch, number);
    std::minstd_rand random(static_cast<unsigned>(number) + 1);
    while (block.live > 0 && w.error.empty()) {
        bool progress = false;
        if (launch.order == Order::RANDOM) {
            std::shuffle(w.order.begin(), w.order.end(), random);
        }
        for (int t : w.order) {
            Thread& thread = w.threads[t];
            if (thread.state != State::READY) {
                continue;
            }
            progress = true;
            step(thread);
            if (!w.error.empty()) {
                break;
            }
            if (thread.state == State::DONE) {
                retire(thread);
            }
        }
        if (!progress) {
            w.error = describeDeadlock(block);
        }
    }
    for (int t = 0; t < block.threads; t++) { // after an error: fibers that will never go on
        if (w.threads[t].stack != nullptr) {
            w.freeStacks.push_back(w.threads[t].stack);
            w.threads[t].stack = nullptr;
        }
    }
    return w.error;
}

} // namespace emulation
