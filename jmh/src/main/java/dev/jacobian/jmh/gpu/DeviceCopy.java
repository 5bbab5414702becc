// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.gpu;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;

/** The bandwidth of a device's memory: a copy of an array that no cache holds. */
final class DeviceCopy {
    /** 1 GiB, twenty times the cache of the largest devices. */
    private static final int FLOATS = 1 << 28;

    private DeviceCopy() {}

    /** Bytes read and written a second, in each round. */
    static double[] bytesPerSecond(GpuRun run) {
        int floats = run.pick(FLOATS, 4096);
        Tensor from = Tensor.zeros(run.device(), DType.F32, Shape.of(floats)); // [n]
        Tensor to = Tensor.zeros(run.device(), DType.F32, Shape.of(floats)); // [n]
        try {
            double bytes = 2.0 * Float.BYTES * floats;
            return Arrays.stream(run.seconds(3, () -> to.copyFrom(from)))
                    .map(seconds -> bytes / seconds)
                    .toArray();
        } finally {
            from.close();
            to.close();
        }
    }
}
