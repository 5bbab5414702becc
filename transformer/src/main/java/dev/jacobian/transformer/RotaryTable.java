// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Rotation;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.plan.Positions;
import dev.jacobian.transformer.plan.RopeConfig;
import java.util.HashMap;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/**
 * Cosines and sines of the rotary embedding by position, grown on demand.
 *
 * <p>The angle is formed in F32 as the originals do; its cosine and sine are correctly rounded from {@link StrictMath}, so
 * they are the same on every platform.
 */
final class RotaryTable {
    private final RopeConfig rope;
    private final int dimensions;
    private final float[] inverseFrequencies; // [dimensions / 2]
    private final IntFunction<Float> factor; // of a position
    private final Device device;
    private Tensor cos;
    private Tensor sin;

    private RotaryTable(Positions.Rotary rotary, IntFunction<Float> factor, Device device) {
        this.device = device;
        this.factor = factor;
        rope = rotary.rope();
        dimensions = rotary.dimensions();
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
            turn(position, inverseFrequencies, newCos, newSin, position);
        }
        cos = newCos.to(device);
        sin = newSin.to(device);
    }

    /** Writes the cosines and sines of a position into a row. */
    private void turn(int position, float[] frequencies, Tensor cosines, Tensor sines, int row) {
        float scale = factor.apply(position);
        int half = frequencies.length;
        for (int i = 0; i < half; i++) {
            float angle = position * frequencies[i];
            cosines.floats()[row * half + i] = (float) StrictMath.cos(angle) * scale;
            sines.floats()[row * half + i] = (float) StrictMath.sin(angle) * scale;
        }
    }

    /**
     * The turns of rows at these positions.
     *
     * @param lengths of the sequence of each row
     */
    synchronized Rotation at(int[] positions, IntUnaryOperator lengths) {
        if (!rope.dependsOnLength()
                || IntStream.range(0, positions.length).allMatch(row -> rope.variant(lengths.applyAsInt(row)) == 0)) {
            return new Rotation(cos, sin, positions);
        }
        return ofRows(positions, lengths);
    }

    /** Tables of these rows alone, where some go by other frequencies: they are of one pass, and a row of them is a row of it. */
    private Rotation ofRows(int[] positions, IntUnaryOperator lengths) {
        Shape shape = Shape.of(positions.length, inverseFrequencies.length);
        int[] rows = IntStream.range(0, positions.length).toArray();
        if (device.equals(Device.COUNTED)) {
            Tensor counted = Tensor.zeros(device, DType.F32, shape);
            return new Rotation(counted, counted, rows);
        }
        Tensor cosines = Tensor.zeros(Device.CPU, DType.F32, shape); // [N, dimensions / 2]
        Tensor sines = Tensor.zeros(Device.CPU, DType.F32, shape); // [N, dimensions / 2]
        Map<Integer, float[]> frequencies = new HashMap<>();
        for (int row : rows) {
            float[] own = frequencies.computeIfAbsent(
                    rope.variant(lengths.applyAsInt(row)), variant -> rope.inverseFrequencies(dimensions, variant));
            turn(positions[row], own, cosines, sines, row);
        }
        return new Rotation(cosines.to(device), sines.to(device), rows);
    }

    /** Cosines, [positions, dimensions / 2]. */
    synchronized Tensor cos() {
        return cos;
    }
}
