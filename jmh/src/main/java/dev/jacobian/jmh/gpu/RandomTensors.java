// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.gpu;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.HalfFloats;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;

/**
 * BF16 tensors of normal numbers on a device. Of zeros or small integers fewer bits change, and a device's clock stays higher.
 *
 * <p>The numbers repeat after {@value #DISTINCT}, a prime, so that no two rows of a matrix are the same and large ones are
 * made in no time.
 */
final class RandomTensors {
    private static final int DISTINCT = 1_048_583;

    private final short[] numbers = new short[DISTINCT];
    private final Device device;

    RandomTensors(Device device, long seed) {
        this.device = device;
        Rng rng = new Rng(seed, 0);
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = HalfFloats.floatToBfloat16((float) rng.nextGaussian());
        }
    }

    /** A dense tensor; the caller closes it. */
    Tensor tensor(int... extents) {
        int n = 1;
        for (int extent : extents) {
            n = Math.multiplyExact(n, extent);
        }
        short[] bits = new short[n];
        for (int at = 0; at < n; at += DISTINCT) {
            System.arraycopy(numbers, 0, bits, at, Math.min(DISTINCT, n - at));
        }
        return Tensor.ofBits(DType.BF16, bits, extents).to(device);
    }
}
