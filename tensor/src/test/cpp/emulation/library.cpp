// SPDX-License-Identifier: Apache-2.0
//
// The kernels, compiled for the CPU; one translation unit, as on the device.
#include "kernels.cu"

#include "faults.cu"
