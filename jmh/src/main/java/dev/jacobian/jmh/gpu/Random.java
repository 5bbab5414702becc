// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.gpu;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Inputs. Normal numbers: of zeros or small integers fewer bits change, and the device's clock stays higher. */
final class Random {
    /** Numbers that are drawn; longer tensors repeat them, since drawing gigabytes would take longer than measuring. */
    private static final int DISTINCT = 1 << 20;

    private static final float[] NUMBERS = draw();

    private Random() {}

    private static float[] draw() {
        Rng rng = new Rng(11, 0);
        float[] numbers = new float[DISTINCT];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) rng.nextGaussian();
        }
        return numbers;
    }

    /** A matrix of the type that the device is measured in: BF16, on the CPU (to see that it runs) F32. */
    static Tensor normal(Device device, int rows, int columns) {
        int block = Math.max(1, Math.min(rows, DISTINCT / columns));
        Tensor drawn = Tensor.of(Arrays.copyOf(NUMBERS, block * columns), block, columns)
                .to(type(device))
                .to(device); // [block, columns]
        Tensor x = zeros(device, rows, columns);
        for (int from = 0; from < rows; from += block) {
            int count = Math.min(block, rows - from);
            x.slice(0, from, from + count).copyFrom(drawn.slice(0, 0, count));
        }
        return x;
    }

    static Tensor zeros(Device device, int rows, int columns) {
        return Tensor.zeros(device, type(device), Shape.of(rows, columns));
    }

    static DType type(Device device) {
        return device.equals(Device.CPU) ? DType.F32 : DType.BF16;
    }

    /** Sequences of token ids, none of them 0. */
    static List<int[]> tokens(int vocabulary, int sequences, int length) {
        Rng rng = new Rng(12, 0);
        List<int[]> all = new ArrayList<>();
        for (int s = 0; s < sequences; s++) {
            int[] tokens = new int[length];
            for (int t = 0; t < length; t++) {
                tokens[t] = 1 + rng.nextInt(vocabulary - 1);
            }
            all.add(tokens);
        }
        return all;
    }
}
