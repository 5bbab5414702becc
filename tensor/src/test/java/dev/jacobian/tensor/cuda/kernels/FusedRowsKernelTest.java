// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static dev.jacobian.tensor.Numbers.normal;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.RotaryForm;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.emulation.EmulatedMemory;
import dev.jacobian.tensor.cuda.emulation.KernelTestBase;
import java.util.Arrays;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * Fused operations on few rows against sums in double, within what the roundings of an F32 sum of that length can do; what has
 * no product against the reference, bit for bit.
 *
 * <p>Rows of BF16 have elements ±2ᵉ, whose norm is exact: no number then sits so close to the middle of two that another order of
 * the norm's sum would round it the other way.
 */
class FusedRowsKernelTest extends KernelTestBase {
    private static final int[] LENGTHS = {1, 7, 8, 31, 64, 100, 257, 1024};
    private static final int[] LONG_LENGTHS = {8, 100, 2048, 2056, 2061};
    private static final float EPSILON = 1e-5f;

    /** A tensor in memory, one element after the boundary if it is to be misaligned. */
    private Object placed(Tensor x, DType type, boolean misaligned) {
        if (!misaligned) {
            return device.copy(x, type);
        }
        float[] all = new float[x.elements() + 1];
        System.arraycopy(x.toFloatArray(), 0, all, 1, x.elements());
        EmulatedMemory memory = device.copy(Tensor.of(all, all.length), type);
        return memory.segment().address() + type.bytes();
    }

    private void launch(String family, DType type, int compiled, int grid, int sharedBytes, Object... arguments) {
        String kernel = family + suffix(type) + "_" + compiled;
        assertThat(device.tryLaunch(kernel, grid, 1, 256, sharedBytes, arguments))
                .as(kernel)
                .isNull();
    }

    private Tensor input(DType type, int rows, int k) {
        Tensor x = normal(rng, rows, k).copy(); // [rows, K]
        for (int i = 0; i < x.elements() && type == DType.BF16; i++) {
            x.floats()[i] = Math.copySign(Math.scalb(1f, i / k - 1), x.floats()[i]);
        }
        return x;
    }

    /** RMSNorm, rounded to the type; its own error is far below that of the product. */
    private static double[][] normed(Tensor x, Tensor gain, float epsilon, DType type) {
        int k = x.extent(1);
        double[][] normed = new double[x.extent(0)][k];
        for (int row = 0; row < normed.length; row++) {
            double squares = 0;
            for (int i = 0; i < k; i++) {
                squares += (double) x.get(row, i) * x.get(row, i);
            }
            double r = 1 / Math.sqrt(squares / k + epsilon);
            for (int i = 0; i < k; i++) {
                double value = x.get(row, i) * r * gain.get(i);
                normed[row][i] = type == DType.BF16
                        ? rounded(Tensor.of(new float[] {(float) value}, 1), type)
                                .item()
                        : value;
            }
        }
        return normed;
    }

    private static double[][] rows(Tensor x) {
        double[][] rows = new double[x.extent(0)][x.extent(1)];
        for (int row = 0; row < rows.length; row++) {
            for (int i = 0; i < rows[row].length; i++) {
                rows[row][i] = x.get(row, i);
            }
        }
        return rows;
    }

    /** A number that a kernel computes, and how far its own may be away. */
    private record Bounded(double value, double bound) {
        /** A product of rows with a weight's column. */
        static Bounded product(double[] row, Tensor weight, int column, DType type) {
            double sum = 0;
            double magnitude = 0;
            for (int i = 0; i < row.length; i++) {
                double term = row[i] * weight.get(column, i);
                sum += term;
                magnitude += Math.abs(term);
            }
            // A lane's chain, the foldings, and the few roundings of the norm.
            return new Bounded(sum, magnitude * (row.length / 32 + 40) * 0x1p-24).rounded(type);
        }

        Bounded rounded(DType type) {
            return new Bounded(value, bound + Math.abs(value) * (type == DType.BF16 ? 0x1p-8 : 0x1p-23));
        }

        Bounded plus(double other, DType type) {
            return new Bounded(value + other, bound).rounded(type);
        }

        Bounded swiGlu(Bounded up, DType type) {
            double silu = value / (1 + Math.exp(-value));
            // silu is nowhere steeper than 1.1
            return new Bounded(
                            silu * up.value,
                            1.1 * bound * (Math.abs(up.value) + up.bound) + Math.abs(silu) * (up.bound + 0x1p-22))
                    .rounded(type);
        }
    }

    private static void check(EmulatedMemory actual, Bounded[][] expected, String what) {
        Tensor numbers = actual.read(expected.length, expected[0].length);
        for (int row = 0; row < expected.length; row++) {
            for (int column = 0; column < expected[row].length; column++) {
                Bounded wanted = expected[row][column];
                assertThat((double) numbers.get(row, column))
                        .as("%s, [%d, %d]: %s", what, row, column, wanted)
                        .isBetween(wanted.value - wanted.bound, wanted.value + wanted.bound);
            }
        }
    }

    @Test
    @DisplayName("up to three products of normalized rows, with and without bias")
    void normLinear() {
        for (DType type : TYPES) {
            float epsilon = type == DType.BF16 ? 0 : EPSILON;
            for (int k : LENGTHS) {
                for (int rows = 1; rows <= 4; rows++) {
                    boolean misaligned = (k + rows) % 4 == 0;
                    int compiled = rows == 1 ? 1 : 4;
                    int[] outputs = {1 + k % 13, rows % 2 == 0 ? 0 : 3, 8};
                    Tensor x = input(type, rows, k); // [rows, K]
                    Tensor gain = normal(rng, k); // [K]
                    double[][] normed = normed(x, gain, epsilon, type);
                    Object[] arguments = new Object[5 + 4 * outputs.length];
                    arguments[0] = device.copy(x, type);
                    arguments[1] = device.copy(gain);
                    arguments[2] = epsilon;
                    arguments[3] = rows;
                    arguments[4] = k;
                    Bounded[][][] expected = new Bounded[outputs.length][rows][];
                    EmulatedMemory[] outs = new EmulatedMemory[outputs.length];
                    for (int i = 0; i < outputs.length; i++) {
                        int n = outputs[i];
                        Tensor weight = rounded(normal(rng, Math.max(1, n), k), type); // [N, K]
                        Tensor bias = i == 2 ? null : normal(rng, Math.max(1, n)); // [N]
                        outs[i] = device.allocate(type, rows * n);
                        arguments[5 + 4 * i] = n == 0 ? null : placed(weight, type, misaligned);
                        arguments[6 + 4 * i] = bias == null || n == 0 ? null : device.copy(bias);
                        arguments[7 + 4 * i] = n;
                        arguments[8 + 4 * i] = n == 0 ? null : outs[i];
                        for (int row = 0; row < rows; row++) {
                            expected[i][row] = new Bounded[n];
                            for (int column = 0; column < n; column++) {
                                Bounded product = Bounded.product(normed[row], weight, column, type);
                                expected[i][row][column] =
                                        bias == null ? product : product.plus(bias.get(column), type);
                            }
                        }
                    }
                    int columns = outputs[0] + outputs[1] + outputs[2];
                    launch("norm_linear", type, compiled, blocks(columns, 8), compiled * k * type.bytes(), arguments);
                    for (int i = 0; i < outputs.length; i++) {
                        check(outs[i], expected[i], "norm_linear " + type + " [" + rows + ", " + k + "], product " + i);
                    }
                }
            }
        }
    }

    @Test
    @DisplayName("SwiGLU of two products of normalized rows")
    void normSwiGlu() {
        for (DType type : TYPES) {
            float epsilon = type == DType.BF16 ? 0 : EPSILON;
            for (int k : LENGTHS) {
                for (int rows = 1; rows <= 4; rows++) {
                    int n = 1 + k % 13;
                    int compiled = rows == 1 ? 1 : 4;
                    boolean misaligned = (k + rows) % 4 == 0;
                    Tensor x = input(type, rows, k); // [rows, K]
                    Tensor gain = normal(rng, k); // [K]
                    Tensor gate = rounded(normal(rng, n, k), type); // [N, K]
                    Tensor up = rounded(normal(rng, n, k), type); // [N, K]
                    double[][] normed = normed(x, gain, epsilon, type);
                    Bounded[][] expected = new Bounded[rows][n];
                    for (int row = 0; row < rows; row++) {
                        for (int column = 0; column < n; column++) {
                            expected[row][column] = Bounded.product(normed[row], gate, column, type)
                                    .swiGlu(Bounded.product(normed[row], up, column, type), type);
                        }
                    }
                    EmulatedMemory out = device.allocate(type, rows * n);
                    launch(
                            "norm_swiglu",
                            type,
                            compiled,
                            blocks(n, 8),
                            compiled * k * type.bytes(),
                            device.copy(x, type),
                            device.copy(gain),
                            epsilon,
                            rows,
                            k,
                            placed(gate, type, misaligned),
                            placed(up, type, false),
                            n,
                            out);
                    check(out, expected, "norm_swiglu " + type + " [" + rows + ", " + k + "]");
                }
            }
        }
    }

    @Test
    @DisplayName("a product added to a residual, columns of one warp and of four")
    void linearAdd() {
        for (DType type : TYPES) {
            for (int k : LONG_LENGTHS) {
                for (int rows = 1; rows <= 4; rows++) {
                    for (boolean isLong : new boolean[] {false, true}) {
                        linearAdd(type, rows, k, 1 + k % 7, isLong);
                    }
                }
            }
        }
    }

    private void linearAdd(DType type, int rows, int k, int n, boolean isLong) {
        Tensor x = rounded(normal(rng, rows, k), type); // [rows, K]
        Tensor weight = rounded(normal(rng, n, k), type); // [N, K]
        Tensor residual = rounded(normal(rng, rows, n), type); // [rows, N]
        Tensor bias = rows % 2 == 0 ? null : normal(rng, n); // [N]
        double[][] inputs = rows(x);
        Bounded[][] expected = new Bounded[rows][n];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < n; column++) {
                Bounded product = Bounded.product(inputs[row], weight, column, type);
                product = bias == null ? product : product.plus(bias.get(column), type);
                expected[row][column] = product.plus(residual.get(row, column), type);
            }
        }
        EmulatedMemory out = device.copy(residual, type); // in place
        launch(
                isLong ? "linear_add_long" : "linear_add",
                type,
                rows == 1 ? 1 : 4,
                blocks(n, isLong ? 2 : 8),
                0,
                placed(x, type, k % 3 == 0),
                placed(weight, type, rows == 3),
                bias == null ? null : device.copy(bias),
                out,
                rows,
                k,
                n,
                out);
        check(out, expected, "linear_add " + type + " [" + rows + ", " + k + "], long " + isLong);
    }

    /** Whole numbers from -8 to 8: sums of their products are exact in any order. */
    private Tensor whole(int... extents) {
        Tensor x = normal(rng, extents).copy();
        for (int i = 0; i < x.elements(); i++) {
            x.floats()[i] = rng.nextInt(17) - 8;
        }
        return x;
    }

    /** {@code x · weightᵀ}. */
    private Tensor product(Tensor x, Tensor weight) {
        Tensor product = Tensor.zeros(x.extent(0), weight.extent(0)); // [rows, N]
        reference.matrices().matmul(x, weight.t(), product, false);
        return product;
    }

    @Test
    @DisplayName("where sums are exact, BF16 is rounded just where the separate operations round it")
    void roundings() {
        DType type = DType.BF16;
        int rows = 3;
        int k = 264;
        int n = 11;
        Tensor x = input(type, rows, k); // [rows, K], ±2ᵉ
        Tensor gain = whole(k); // [K]
        Tensor normed = Tensor.zeros(rows, k); // [rows, K], whole
        reference.norms().rmsNorm(x, gain, 0, normed, Tensor.zeros(rows));
        Object[] norm = {device.copy(x, type), device.copy(gain), 0f, rows, k};
        Tensor weight = whole(n, k); // [N, K]
        Tensor bias = normal(rng, n); // [N]
        Tensor exact = product(normed, weight); // [rows, N]
        Tensor biased = rounded(exact, type); // [rows, N]
        assertThat(biased.toFloatArray()).as("roundings matter").isNotEqualTo(exact.toFloatArray());
        reference.elementwise().addRow(biased, bias, biased);
        EmulatedMemory out = device.allocate(type, rows * n);
        Object[] layer = {device.copy(weight, type), device.copy(bias), n, out};
        Object[] none = {null, null, 0, null};
        launch("norm_linear", type, 4, blocks(n, 8), 4 * k * type.bytes(), joined(norm, layer, none, none));
        assertSame(out, biased, type, "norm_linear");

        Tensor residual = rounded(normal(rng, rows, n), type); // [rows, N]
        Tensor added = Tensor.zeros(rows, n); // [rows, N]
        reference.elementwise().add(residual, rounded(biased, type), added);
        for (boolean isLong : new boolean[] {false, true}) {
            launch(
                    isLong ? "linear_add_long" : "linear_add",
                    type,
                    4,
                    blocks(n, isLong ? 2 : 8),
                    0,
                    device.copy(normed, type),
                    device.copy(weight, type),
                    device.copy(bias),
                    device.copy(residual, type),
                    rows,
                    k,
                    n,
                    out);
            assertSame(out, added, type, "linear_add, long " + isLong);
        }

        Tensor gate = Tensor.zeros(n, k); // [N, K]
        reference
                .elementwise()
                .scale(weight, 0x1p-9f, gate); // a power of two is exact, and SiLU is then not yet a straight line
        Tensor gated = Tensor.zeros(rows, n); // [rows, N]
        Tensor half = rounded(product(normed, gate), type); // [rows, N]
        reference.activations().swiGlu(half, rounded(exact, type), gated);
        Object[] gatedLayer = {device.copy(gate, type), device.copy(weight, type), n, out};
        launch("norm_swiglu", type, 4, blocks(n, 8), 4 * k * type.bytes(), joined(norm, gatedLayer));
        assertSame(out, gated, type, "norm_swiglu");
    }

    private static Object[] joined(Object[]... parts) {
        return Arrays.stream(parts).flatMap(Arrays::stream).toArray();
    }

    @Test
    @DisplayName(
            "heads are normalized and turned, keys and values arrive in their pages: the separate operations' bits")
    void rotateAppend() {
        int[] positions = {3, 0, 8};
        int[] slots = {2 * KvCache.PAGE + 15, -1, 3};
        for (DType type : TYPES) {
            for (int headDim : new int[] {2, 10, 64, 80, 128}) {
                for (boolean norms : new boolean[] {false, true}) {
                    rotateAppend(type, positions, slots, 4, 2, headDim, norms);
                    rotateAppend(type, positions, slots, 3, 1, headDim, norms);
                }
            }
        }
    }

    private void rotateAppend(
            DType type, int[] positions, int[] slots, int heads, int kvHeads, int headDim, boolean norms) {
        int rows = positions.length;
        Tensor q = rounded(normal(rng, rows, heads * headDim), type); // [rows, H · headDim]
        Tensor k = rounded(normal(rng, rows, kvHeads * headDim), type); // [rows, kvHeads · headDim]
        Tensor v = rounded(normal(rng, rows, kvHeads * headDim), type); // [rows, kvHeads · headDim]
        Tensor cos = normal(rng, 9, headDim / 2); // [P, headDim / 2]
        Tensor sin = normal(rng, 9, headDim / 2); // [P, headDim / 2]
        Tensor qGain = norms ? normal(rng, headDim) : null; // [headDim]
        Tensor kGain = norms ? normal(rng, headDim) : null; // [headDim]
        Tensor keys = rounded(normal(rng, 3, kvHeads, KvCache.PAGE, headDim), type);
        Tensor values = rounded(normal(rng, 3, kvHeads, KvCache.PAGE, headDim), type);
        EmulatedMemory deviceKeys = device.copy(keys, type);
        EmulatedMemory deviceValues = device.copy(values, type);
        EmulatedMemory out = device.allocate(type, q.elements());
        String what = headDim + " elements, " + heads + " heads, norms " + norms;
        assertThat(device.tryLaunch(
                        "rotate_append" + suffix(type),
                        blocks(rows * (heads + 2 * kvHeads), 8),
                        1,
                        256,
                        0,
                        device.copy(q, type),
                        device.copy(k, type),
                        device.copy(v, type),
                        norms ? device.copy(qGain) : null,
                        norms ? device.copy(kGain) : null,
                        EPSILON,
                        device.copy(cos),
                        device.copy(sin),
                        device.copy(positions),
                        device.copy(slots),
                        rows,
                        heads,
                        kvHeads,
                        headDim,
                        deviceKeys,
                        deviceValues,
                        out))
                .as(what)
                .isNull();
        Tensor turnedKeys = turned(k, kGain, cos, sin, positions, headDim, type);
        for (int row = 0; row < rows; row++) {
            for (int head = 0; head < kvHeads && slots[row] >= 0; head++) {
                for (int d = 0; d < headDim; d++) {
                    int at = ((slots[row] / 16 * kvHeads + head) * 16 + slots[row] % 16) * headDim + d;
                    keys.floats()[keys.offset() + at] = turnedKeys.get(row, head * headDim + d);
                    values.floats()[values.offset() + at] = v.get(row, head * headDim + d);
                }
            }
        }
        assertSame(out, turned(q, qGain, cos, sin, positions, headDim, type), type, "queries, " + what);
        assertSame(deviceKeys, keys, type, "keys, " + what);
        assertSame(deviceValues, values, type, "values, " + what);
    }

    private Tensor turned(Tensor x, Tensor gain, Tensor cos, Tensor sin, int[] positions, int headDim, DType type) {
        Tensor normed = x.copy();
        if (gain != null) {
            reference.norms().rmsNorm(x, gain, EPSILON, normed, Tensor.zeros(x.elements() / headDim));
            normed = rounded(normed, type);
        }
        Tensor turned = Tensor.zeros(x.extent(0), x.extent(1));
        reference.positions().rotary(normed, RotaryForm.whole(headDim), cos, sin, positions, false, turned);
        return rounded(turned, type);
    }
}
