// SPDX-License-Identifier: Apache-2.0
//
// Two kernels for the tests of the driver itself, written out by hand: what stands behind the emulator's seam when no kernels
// of the engine are under test.
#include "../fakecuda/emulator.h"

#include <cstdint>
#include <cstring>

namespace {

// y[i] += factor * x[i], i < n; one thread an element.
void addScaled(unsigned threads, const float *x, float *y, int n, float factor) {
    for (unsigned i = 0; i < threads && i < (unsigned) n; i++) y[i] += factor * x[i];
}

// Writes one float at an index that nobody checks.
void poke(float *y, int64_t index, float value) { y[index] = value; }

template <typename T> T argument(void **params, int index) {
    T value;
    memcpy(&value, params[index], sizeof value);
    return value;
}

} // namespace

extern "C" const char *emu_parameter_sizes(const char *name) {
    if (strcmp(name, "add_scaled") == 0) return "8,8,4,4";
    if (strcmp(name, "poke") == 0) return "8,8,4";
    if (strcmp(name, "fail") == 0) return "";
    if (strcmp(name, "changed") == 0) return "8,4";
    return nullptr;
}

extern "C" int emu_launch(const char *name, unsigned grid[3], unsigned block[3], unsigned, void **params) {
    if (strcmp(name, "add_scaled") == 0) {
        addScaled(grid[0] * block[0], argument<const float *>(params, 0), argument<float *>(params, 1),
                  argument<int>(params, 2), argument<float>(params, 3));
        return 0;
    }
    if (strcmp(name, "poke") == 0) {
        poke(argument<float *>(params, 0), argument<int64_t>(params, 1), argument<float>(params, 2));
        return 0;
    }
    return 1;
}
