// SPDX-License-Identifier: Apache-2.0
//
// Running one block to its end.
#pragma once
#include <string>

#include "emulation.h"
#include "launch.h"

#undef threadIdx
#undef blockIdx
#undef blockDim
#undef gridDim

namespace emulation {

/** Which thread of a block, and which block of a grid, goes first. */
enum class Order { FORWARD, REVERSE, RANDOM };

/** A kernel with everything that its launch fixed. */
struct Launch {
    const Kernel& kernel;
    void** parameters;
    uint3 grid, dimensions;
    unsigned sharedBytes;
    Order order;
};

/**
 * Runs block number {@code number} on the calling thread. The result is empty, or says what the kernel did wrong; it lasts until
 * the thread's next block.
 */
const std::string& runBlock(const Launch& launch, long number);

} // namespace emulation
