// SPDX-License-Identifier: Apache-2.0
//
// Kernels for the tests of the driver itself; the PTX text that goes with them is in ProbeKernels. Never shipped.
#include "portable.cuh"

/** y[i] += factor · x[i], i < n; one thread an element. */
KERNEL(add_scaled, 256, (const float* x, float* y, int n, float factor)) {
    int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < n) {
        y[i] += factor * x[i];
    }
}

/** Writes one float at an index that nobody checks. */
KERNEL(poke, 1024, (float* y, long long index, float value)) { y[index] = value; }

/** As poke, for an address in device memory. */
KERNEL(poke_through, 1024, (float* const* y, long long index, float value)) { y[0][index] = value; }

/** Waits for a lane that is not there. */
KERNEL(fail, 1024, ()) { __syncwarp(0); }

/** Its text has another width for the second parameter. */
KERNEL(changed, 1024, (float*, int)) {}
