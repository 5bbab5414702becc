// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static dev.jacobian.tensor.Numbers.normal;
import static dev.jacobian.tensor.Numbers.wild;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Numbers;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.emulation.EmulatedMemory;
import dev.jacobian.tensor.cuda.emulation.KernelTestBase;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * A view may begin at any element, and a kernel that reads and writes vectors must notice: it has the same bits there as on
 * aligned memory, where the other tests compare it with the reference, and it leaves the elements around the view alone.
 */
class MisalignedKernelTest extends KernelTestBase {
    private static final int AROUND = 8; // elements before and after a view's own

    /** A tensor that a kernel reads or writes, at any element of its memory. */
    private record Operand(DType type, Tensor values) {}

    private static Operand operand(DType type, Tensor values) {
        return new Operand(type, values);
    }

    /** The operands' contents after a launch in which operand i begins {@code shifts[i % length]} elements after the boundary. */
    private List<Tensor> launch(String kernel, int grid, int threads, int[] shifts, Object... arguments) {
        Object[] passed = arguments.clone();
        List<EmulatedMemory> memories = new ArrayList<>();
        List<Tensor> before = new ArrayList<>();
        for (int i = 0; i < arguments.length; i++) {
            if (arguments[i] instanceof Operand(DType type, Tensor values)) {
                int n = values.elements();
                float[] all = new float[n + 2 * AROUND];
                System.arraycopy(values.toFloatArray(), 0, all, shift(shifts, i), n);
                EmulatedMemory memory = device.copy(Tensor.of(all, all.length), type);
                memories.add(memory);
                before.add(memory.read(all.length));
                passed[i] = memory.segment().address() + (long) shift(shifts, i) * type.bytes();
            }
        }
        device.launch(kernel, grid, 1, threads, passed);
        List<Tensor> own = new ArrayList<>();
        int next = 0;
        for (int i = 0; i < arguments.length; i++) {
            if (arguments[i] instanceof Operand(DType _, Tensor values)) {
                int n = values.elements();
                int from = shift(shifts, i);
                Tensor after = memories.get(next).read(n + 2 * AROUND);
                own.add(after.slice(0, from, from + n).contiguous());
                for (int at : new int[] {0, from + n}) { // where what lies before and after the view begins
                    int to = at == 0 ? from : n + 2 * AROUND;
                    Numbers.assertSameBits(
                            after.slice(0, at, to).contiguous(),
                            before.get(next).slice(0, at, to).contiguous(),
                            kernel + ", around argument " + i);
                }
                next++;
            }
        }
        return own;
    }

    private static int shift(int[] shifts, int argument) {
        return shifts[argument % shifts.length];
    }

    private void check(String kernel, int grid, int threads, Object... arguments) {
        List<Tensor> expected = launch(kernel, grid, threads, new int[] {0}, arguments);
        // All alike, each otherwise, and aligned but for one.
        for (int[] shifts : new int[][] {{1}, {4}, {0, 3, 5, 2, 7}, {0, 0, 1}, {8}}) {
            List<Tensor> actual = launch(kernel, grid, threads, shifts, arguments);
            for (int i = 0; i < expected.size(); i++) {
                Numbers.assertSameBits(actual.get(i), expected.get(i), kernel + ", tensor " + i);
            }
        }
    }

    @Test
    void elements() {
        for (DType type : TYPES) {
            for (int n : new int[] {7, 64, 333}) {
                Operand x = operand(type, wild(rng, n));
                Operand y = operand(type, wild(rng, n));
                Operand z = operand(type, wild(rng, n));
                Operand out = operand(type, Tensor.zeros(n));
                Operand also = operand(type, Tensor.zeros(n));
                String suffix = suffix(type);
                check("add" + suffix, 1, 32, x, y, (long) n, out);
                check("multiply" + suffix, 1, 32, x, y, (long) n, out);
                check("scale" + suffix, 1, 32, x, 0.7f, (long) n, out);
                check("add_scaled" + suffix, 1, 32, x, -1.3f, (long) n, y);
                check("swiglu" + suffix, 1, 32, x, y, (long) n, out);
                check("swiglu_backward" + suffix, 1, 32, x, y, z, (long) n, out, also);
                check("sigmoid" + suffix, 1, 32, x, (long) n, out);
                check("sigmoid_backward" + suffix, 1, 32, x, y, (long) n, out);
                check("silu" + suffix, 1, 32, x, (long) n, out);
                check("silu_backward" + suffix, 1, 32, x, y, (long) n, out);
                check("gelu" + suffix, 1, 32, x, (long) n, out);
                check("gelu_tanh_backward" + suffix, 1, 32, x, y, (long) n, out);
                check("geglu" + suffix, 1, 32, x, y, (long) n, out);
                check("geglu_tanh_backward" + suffix, 1, 32, x, y, z, (long) n, out, also);
                for (DType to : new DType[] {DType.F32, DType.BF16, DType.F16}) {
                    if (to != type) {
                        String kernel = "convert" + suffix + "_to" + suffix(to);
                        check(kernel, 1, 32, x, (long) n, operand(to, Tensor.zeros(n)));
                    }
                }
            }
        }
        check("fill_f32", 1, 32, 1.5f, 77L, operand(DType.F32, Tensor.zeros(77)));
    }

    @Test
    void rows() {
        int rows = 3;
        for (DType type : TYPES) {
            for (int d : new int[] {16, 40, 77, 264}) {
                Operand x = operand(type, normal(rng, rows, d));
                Operand dOut = operand(type, normal(rng, rows, d));
                Operand out = operand(type, Tensor.zeros(rows, d));
                Operand weight = operand(DType.F32, normal(rng, d));
                Operand bias = operand(DType.F32, normal(rng, d));
                Operand means = operand(DType.F32, normal(rng, rows));
                Operand inverse = operand(DType.F32, normal(rng, rows));
                String suffix = suffix(type);
                check("add_row" + suffix, 1, 32, x, weight, (long) rows * d, d, out);
                check("rms_norm" + suffix, 1, 256, x, weight, 1e-6f, rows, d, out, inverse);
                check("rms_norm_backward" + suffix, 1, 256, dOut, x, weight, inverse, rows, d, out);
                check("layer_norm" + suffix, 1, 256, x, weight, bias, 1e-5f, rows, d, out, means, inverse);
                check("layer_norm_backward" + suffix, 1, 256, dOut, x, weight, means, inverse, rows, d, out);
                int[] chosen = {2, 0, 2, 1};
                Operand gathered = operand(type, Tensor.zeros(chosen.length, d));
                String gather = "gather_rows" + suffix;
                check(gather, chosen.length, 32, x, device.copy(chosen), d, gathered);
                check(
                        "scatter_add_rows" + suffix,
                        2,
                        32,
                        x,
                        device.copy(1, 0, 2), // rows of x
                        device.copy(0, 2, 3), // two of them to the first target
                        device.copy(2, 0),
                        d,
                        dOut);
                check(
                        "copy_matrix" + suffix,
                        (d + 31) / 32,
                        256,
                        operand(type, normal(rng, rows, d + 8)),
                        (long) d + 8,
                        1L,
                        rows,
                        d,
                        out);
            }
        }
    }

    @Test
    void rotary() {
        int[] positions = {4, 0, 2, 3};
        for (DType type : TYPES) {
            for (int headDim : new int[] {6, 16, 24, 64}) {
                int width = 3 * headDim;
                check(
                        "rotary" + suffix(type),
                        positions.length,
                        32,
                        operand(type, normal(rng, positions.length, width)),
                        width,
                        headDim,
                        headDim,
                        0,
                        operand(DType.F32, normal(rng, 5, headDim / 2)),
                        operand(DType.F32, normal(rng, 5, headDim / 2)),
                        device.copy(positions),
                        1,
                        operand(type, Tensor.zeros(positions.length, width)));
            }
        }
    }

    @Test
    void vocabulary() {
        int rows = 2;
        for (DType type : TYPES) {
            for (int v : new int[] {64, 1030, 1100}) {
                Operand logits = operand(type, normal(rng, rows, v));
                EmulatedMemory targets = device.copy(v / 2, v - 1);
                Operand logProbs = operand(DType.F32, Tensor.zeros(rows));
                Operand entropy = operand(DType.F32, Tensor.zeros(rows));
                Operand stats = operand(DType.F32, Tensor.of(new float[] {4, 1000, 4, 2000}, 4));
                Operand dLogProbs = operand(DType.F32, normal(rng, rows));
                String suffix = suffix(type);
                check("log_probs" + suffix, rows, 256, logits, v, 1.3f, targets, logProbs, entropy, stats);
                check("log_probs_backward" + suffix, rows, 256, logits, v, 1.3f, targets, dLogProbs, stats);
                check("softmax" + suffix, rows, 256, logits, v, 1.3f, operand(DType.F32, Tensor.zeros(rows, v)));
            }
        }
    }

    @Test
    void sumsOfSquares() {
        for (DType type : TYPES) {
            int n = 4096 + 2048;
            Tensor x = rounded(normal(rng, n), type);
            for (int shift : new int[] {0, 1, 4, 8}) {
                float[] shifted = new float[shift + n];
                System.arraycopy(x.toFloatArray(), 0, shifted, shift, n);
                long address = device.copy(Tensor.of(shifted, shift + n), type)
                        .segment()
                        .address();
                EmulatedMemory tensors = device.copy(address + (long) shift * type.bytes(), (long) n, 0L);
                EmulatedMemory sums = device.allocate(DType.I64, 16);
                device.launch("sum_of_squares" + suffix(type), 1, 1, 256, tensors, device.copy(0), 0, sums);
                double[] blocks = sums.readDoubles();
                assertThat(blocks[0] + blocks[1])
                        .as("%s from element %d on", type, shift)
                        .isEqualTo(reference.elementwise().sumOfSquares(x));
            }
        }
    }

    @Test
    void keysAndValues() {
        int[] slots = {5, -1, 19};
        for (DType type : TYPES) {
            for (int headDim : new int[] {16, 20}) {
                Operand keys = operand(type, normal(rng, slots.length, 2, headDim));
                Operand values = operand(type, normal(rng, slots.length, 2, headDim));
                Operand pages = operand(type, normal(rng, 2, 2, 16, headDim));
                Operand others = operand(type, normal(rng, 2, 2, 16, headDim));
                EmulatedMemory places = device.copy(slots);
                check("kv_append" + suffix(type), 1, 64, keys, values, places, slots.length, 2, headDim, pages, others);
            }
        }
    }
}
