// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Rotation;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.plan.Positions;
import dev.jacobian.transformer.plan.RopeConfig;
import java.util.function.IntFunction;

/**
 * Cosines and sines of the rotary embedding by position, grown on demand.
 *
 * <p>The angle is formed in F32 as the originals do; its cosine and sine are correctly rounded from {@link StrictMath}, so
 * they are the same on every platform.
 */
final class RotaryTable {
    private final float[] inverseFrequencies; // [dimensions / 2]
    private final IntFunction<Float> factor; // of a position
    private final Device device;
    private Tensor cos;
    private Tensor sin;

    private RotaryTable(Positions.Rotary rotary, IntFunction<Float> factor, Device device) {
        this.device = device;
        this.factor = factor;
        inverseFrequencies = rotary.rope().inverseFrequencies(rotary.dimensions());
        cos = Tensor.zeros(0, inverseFrequencies.length);
        sin = cos;
    }

    static RotaryTable of(Positions.Rotary rotary, Device device) {
        return new RotaryTable(rotary, position -> rotary.rope().attentionFactor(), device);
    }

    /** Of queries that grow: what multiplies a query is put into the cosines and sines that turn it. */
    static RotaryTable of(Positions.GrowingQueries growing, Device device) {
        RopeConfig rope = growing.rotary().rope();
        return new RotaryTable(growing.rotary(), position -> rope.attentionFactor() * growing.factor(position), device);
    }

    /** Bytes of cosines and sines of so many positions. */
    long bytes(int positions) {
        return 2L * Float.BYTES * positions * inverseFrequencies.length;
    }

    /** Makes sure that positions below {@code count} are there. */
    synchronized void ensure(int count) {
        if (count <= cos.extent(0)) {
            return;
        }
        int half = inverseFrequencies.length;
        int rows = Math.max(count, 2 * cos.extent(0));
        if (device.equals(Device.COUNTED)) {
            cos = Tensor.zeros(device, DType.F32, Shape.of(rows, half));
            sin = cos;
            return;
        }
        Tensor newCos = Tensor.zeros(rows, half);
        Tensor newSin = Tensor.zeros(rows, half);
        for (int position = 0; position < rows; position++) {
            float scale = factor.apply(position);
            for (int i = 0; i < half; i++) {
                float angle = position * inverseFrequencies[i];
                newCos.floats()[position * half + i] = (float) StrictMath.cos(angle) * scale;
                newSin.floats()[position * half + i] = (float) StrictMath.sin(angle) * scale;
            }
        }
        cos = newCos.to(device);
        sin = newSin.to(device);
    }

    /** The turns of rows at these positions. */
    synchronized Rotation at(int[] positions) {
        return new Rotation(cos, sin, positions);
    }

    /** Cosines, [positions, dimensions / 2]. */
    synchronized Tensor cos() {
        return cos;
    }
}
