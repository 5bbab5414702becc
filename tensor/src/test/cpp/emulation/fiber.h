// SPDX-License-Identifier: Apache-2.0
//
// Two stacks on one thread, and the switch between them. Not ucontext: its system call for the signal mask on every switch
// costs twenty times the switch.
#pragma once
#include <cstddef>

namespace emulation {

/** Bytes of a fiber's stack, above one page that must not be touched. */
constexpr size_t STACK_BYTES = 128 * 1024;

/** A stack from the system; ends the process if there is none. The result is its lowest usable address. */
void* newStack();

/** Prepares a stack so that switching to the result calls {@code entry}, which must never return. */
void* prepareStack(void* stack, void (*entry)());

} // namespace emulation

/** Saves the registers that a call must keep, stores the stack pointer in *from and goes on with the other stack. */
extern "C" void emulation_switch(void** from, void* to) __attribute__((visibility("hidden")));
