// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.engine;

import dev.jacobian.tensor.cuda.driver.DeviceBlock;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Iterator;

/**
 * Copies on the device of small integer arrays: positions, token ids, how a batch divides.
 *
 * <p>Every layer of a model asks for the same ones, so the last few are kept and found by their contents, which costs less
 * than another copy. On the dispatcher's thread only.
 */
final class UploadedInts implements AutoCloseable {
    /** More than any kernel has arguments, so that none of a launch's arrays is dropped before the launch. */
    private static final int KEPT = 24;

    private final CudaResources resources;
    private final ArrayDeque<Entry> entries = new ArrayDeque<>(); // the last used first

    private record Entry(int[] values, DeviceBlock block) {}

    UploadedInts(CudaResources resources) {
        this.resources = resources;
    }

    /** The address of a copy; good until {@value #KEPT} others have been asked for. The caller does not change the array. */
    long address(int[] values) {
        for (Iterator<Entry> it = entries.iterator(); it.hasNext(); ) {
            Entry entry = it.next();
            if (Arrays.equals(entry.values, values)) {
                it.remove();
                entries.addFirst(entry);
                return entry.block.address();
            }
        }
        if (entries.size() == KEPT) {
            entries.removeLast().block.close();
        }
        DeviceBlock block = resources.allocate(Math.max(1, (long) Integer.BYTES * values.length), "integers", true);
        try {
            resources.upload(MemorySegment.ofArray(values), block, 0);
        } catch (RuntimeException refused) {
            block.close();
            throw refused;
        }
        entries.addFirst(new Entry(values, block));
        return block.address();
    }

    @Override
    public void close() {
        entries.forEach(entry -> entry.block.close());
        entries.clear();
    }
}
