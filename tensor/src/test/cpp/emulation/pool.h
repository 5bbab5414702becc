// SPDX-License-Identifier: Apache-2.0
//
// Work in parallel: numbered pieces that may run in any order.
#pragma once

namespace emulation {

/**
 * Calls run(what, i) for every i in [0, count), on this thread and others, and returns when all have ended. A piece may ask
 * not to begin any that has not begun yet, by returning false.
 */
void parallel(long count, bool (*run)(void* what, long i), void* what);

} // namespace emulation
