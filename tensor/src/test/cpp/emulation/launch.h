// SPDX-License-Identifier: Apache-2.0
//
// Kernels by name, and launches: what a driver asks of the emulated device.
#pragma once
#include <string>

namespace emulation {

using Thunk = void (*)(void** parameters);

struct Kernel {
    std::string name;
    Thunk thunk;
    unsigned maxThreads; // of a block
    std::string sizes;   // bytes of each parameter, such as "8,8,4"; empty for none
};

/** The kernel of a name, for as long as the process lives; null if there is none. */
const Kernel* findKernel(const char* name);

/** Runs a kernel to its end. The result is 0 or a CUresult, explained by launchError. */
int launch(const Kernel& kernel, const unsigned grid[3], const unsigned block[3], unsigned sharedBytes, void** parameters);

/** What was wrong with the calling thread's last launch that failed. */
const std::string& launchError();

} // namespace emulation
