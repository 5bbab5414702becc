// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static dev.jacobian.tensor.Numbers.normal;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.emulation.EmulatedMemory;
import dev.jacobian.tensor.cuda.emulation.KernelTestBase;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Rows of keys and values arrive in their slots, whole pages are copied, and nothing else is touched. */
class KvPagesKernelTest extends KernelTestBase {
    private static final int PAGES = 7;

    @Test
    void rowsGoToTheirSlots() {
        int[] slots = {3 * 16 + 15, 0, 6 * 16 + 1, 17, -1, 16, 111, 2 * 16 + 7};
        for (DType type : TYPES) {
            for (int kvHeads = 1; kvHeads <= 3; kvHeads++) {
                for (int headDim : new int[] {1, 12, 32, 33, 80}) {
                    append(type, slots, kvHeads, headDim);
                }
            }
        }
    }

    @Test
    void copiesOfPages() {
        int[] from = {5, 0, 5};
        int[] to = {2, 6, 1};
        for (DType type : TYPES) {
            for (int headDim : new int[] {1, 12, 33}) {
                int perPage = 3 * KvCache.PAGE * headDim;
                Tensor keys = rounded(normal(rng, PAGES, perPage), type);
                Tensor values = rounded(normal(rng, PAGES, perPage), type);
                EmulatedMemory deviceKeys = device.copy(keys, type);
                EmulatedMemory deviceValues = device.copy(values, type);
                device.launch(
                        "kv_copy_pages" + suffix(type),
                        3,
                        1,
                        64,
                        device.copy(from),
                        device.copy(to),
                        from.length,
                        3,
                        headDim,
                        deviceKeys,
                        deviceValues);
                Tensor expectedKeys = keys.copy();
                Tensor expectedValues = values.copy();
                for (int i = 0; i < from.length; i++) {
                    expectedKeys.slice(0, to[i], to[i] + 1).copyFrom(keys.slice(0, from[i], from[i] + 1));
                    expectedValues.slice(0, to[i], to[i] + 1).copyFrom(values.slice(0, from[i], from[i] + 1));
                }
                assertSame(deviceKeys, expectedKeys, type, "keys, heads of " + headDim);
                assertSame(deviceValues, expectedValues, type, "values, heads of " + headDim);
            }
        }
    }

    private void append(DType type, int[] slots, int kvHeads, int headDim) {
        Tensor k = rounded(normal(rng, slots.length, kvHeads, headDim), type);
        Tensor v = rounded(normal(rng, slots.length, kvHeads, headDim), type);
        Tensor keys = rounded(normal(rng, PAGES, kvHeads, KvCache.PAGE, headDim), type);
        Tensor values = rounded(normal(rng, PAGES, kvHeads, KvCache.PAGE, headDim), type);
        EmulatedMemory deviceKeys = device.copy(keys, type);
        EmulatedMemory deviceValues = device.copy(values, type);
        device.launch(
                "kv_append" + suffix(type),
                2,
                1,
                96,
                device.copy(k, type),
                device.copy(v, type),
                device.copy(slots),
                slots.length,
                kvHeads,
                headDim,
                deviceKeys,
                deviceValues);
        Tensor expectedKeys = keys.copy();
        Tensor expectedValues = values.copy();
        for (int row = 0; row < slots.length; row++) {
            for (int head = 0; head < kvHeads && slots[row] >= 0; head++) {
                for (int d = 0; d < headDim; d++) {
                    int at = ((slots[row] / 16 * kvHeads + head) * 16 + slots[row] % 16) * headDim + d;
                    expectedKeys.floats()[at] = k.get(row, head, d);
                    expectedValues.floats()[at] = v.get(row, head, d);
                }
            }
        }
        String what = kvHeads + " heads of " + headDim + ", slots " + Arrays.toString(slots);
        assertSame(deviceKeys, expectedKeys, type, "keys, " + what);
        assertSame(deviceValues, expectedValues, type, "values, " + what);
    }
}
