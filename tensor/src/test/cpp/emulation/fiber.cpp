// SPDX-License-Identifier: Apache-2.0
#include "fiber.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#if defined(__x86_64__)

asm(R"(
    .text
    .globl emulation_switch
    .hidden emulation_switch
    .type emulation_switch, @function
emulation_switch:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret
    .size emulation_switch, . - emulation_switch
)");

// From the top: a return address that is never used (a function starts 8 bytes off a multiple of 16), the entry, six registers.
static void* firstFrame(uintptr_t top, void (*entry)()) {
    auto words = reinterpret_cast<uintptr_t*>(top) - 8;
    memset(words, 0, 8 * sizeof *words);
    words[6] = reinterpret_cast<uintptr_t>(entry);
    return words;
}

#elif defined(__aarch64__)

asm(R"(
    .text
    .globl emulation_switch
    .hidden emulation_switch
    .type emulation_switch, %function
emulation_switch:
    stp d8, d9, [sp, #-160]!
    stp d10, d11, [sp, #16]
    stp d12, d13, [sp, #32]
    stp d14, d15, [sp, #48]
    stp x19, x20, [sp, #64]
    stp x21, x22, [sp, #80]
    stp x23, x24, [sp, #96]
    stp x25, x26, [sp, #112]
    stp x27, x28, [sp, #128]
    stp x29, x30, [sp, #144]
    mov x9, sp
    str x9, [x0]
    mov sp, x1
    ldp x29, x30, [sp, #144]
    ldp x27, x28, [sp, #128]
    ldp x25, x26, [sp, #112]
    ldp x23, x24, [sp, #96]
    ldp x21, x22, [sp, #80]
    ldp x19, x20, [sp, #64]
    ldp d14, d15, [sp, #48]
    ldp d12, d13, [sp, #32]
    ldp d10, d11, [sp, #16]
    ldp d8, d9, [sp], #160
    ret
    .size emulation_switch, . - emulation_switch
)");

// Twenty registers; the last is the link register, through which the switch returns.
static void* firstFrame(uintptr_t top, void (*entry)()) {
    auto words = reinterpret_cast<uintptr_t*>(top) - 20;
    memset(words, 0, 20 * sizeof *words);
    words[19] = reinterpret_cast<uintptr_t>(entry);
    return words;
}

#else
#error "the emulated device switches stacks by hand and knows x86-64 and aarch64 only"
#endif

namespace emulation {

void* newStack() {
    size_t guard = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    void* memory = mmap(nullptr, guard + STACK_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory, guard, PROT_NONE) != 0) {
        perror("emulated device: no memory for a thread's stack");
        abort();
    }
    return static_cast<char*>(memory) + guard;
}

// Stacks lie whole pages apart, so without an offset of its own each would want the same few lines of the cache for its top.
void* prepareStack(void* stack, void (*entry)()) {
    auto base = reinterpret_cast<uintptr_t>(stack);
    return firstFrame(((base + STACK_BYTES) & ~uintptr_t{15}) - base / 4096 % 61 * 64, entry);
}

} // namespace emulation
