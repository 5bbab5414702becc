// SPDX-License-Identifier: Apache-2.0
//
// The exponential that ties are decided with, by itself: so that its bits can be compared with Java's on a device, too.
#include "strictexp.cuh"

// x, out [n]; x at most 0 or NaN. Any grid.
KERNEL(strict_exp_f64, 256, (const double* x, long long n, double* out)) {
    forEach(n, [=](long long i) { out[i] = strictExp(x[i]); });
}
