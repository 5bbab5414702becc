// SPDX-License-Identifier: Apache-2.0
//
// What the fake driver asks of whatever runs kernels on the CPU. Kernels are known by their names in the PTX text.
#pragma once

extern "C" {

// Runs a kernel to its end on this thread's behalf. params holds one pointer per parameter, as cuLaunchKernel has it.
// 0 if all went well; anything else is reported to the caller as a failed launch.
int emu_launch(const char *name, unsigned grid[3], unsigned block[3], unsigned sharedBytes, void **params);

// The sizes of a kernel's parameters in bytes, such as "8,8,4"; empty for none, null if there is no such kernel.
const char *emu_parameter_sizes(const char *name);
}
