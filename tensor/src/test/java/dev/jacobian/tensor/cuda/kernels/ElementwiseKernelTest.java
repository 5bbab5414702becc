// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static dev.jacobian.tensor.Numbers.normal;
import static dev.jacobian.tensor.Numbers.wild;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Numbers;
import dev.jacobian.tensor.RotaryForm;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.emulation.EmulatedMemory;
import dev.jacobian.tensor.cuda.emulation.KernelTestBase;
import org.junit.jupiter.api.Test;

/** Elementwise arithmetic, SwiGLU, rotary embedding, conversions and copies have the reference's bits. */
class ElementwiseKernelTest extends KernelTestBase {
    private static final int[] SIZES = {1, 2, 31, 33, 255, 256, 257, 1000};

    @Test
    void arithmetic() {
        for (DType type : TYPES) {
            for (int n : SIZES) {
                Tensor x = rounded(wild(rng, n), type);
                Tensor y = rounded(wild(rng, n), type);
                EmulatedMemory deviceX = device.copy(x, type);
                EmulatedMemory deviceY = device.copy(y, type);
                EmulatedMemory out = device.allocate(type, n);
                Tensor expected = Tensor.zeros(n);
                int grid = 1 + n % 3; // any grid covers everything, a small one in several rounds
                reference.elementwise().add(x, y, expected);
                device.launch("add" + suffix(type), grid, 1, 64, deviceX, deviceY, (long) n, out);
                assertSame(out, expected, type, "add " + n);
                reference.elementwise().multiply(x, y, expected);
                device.launch("multiply" + suffix(type), grid, 1, 64, deviceX, deviceY, (long) n, out);
                assertSame(out, expected, type, "multiply " + n);
                reference.elementwise().scale(x, 0.7f, expected);
                device.launch("scale" + suffix(type), grid, 1, 64, deviceX, 0.7f, (long) n, out);
                assertSame(out, expected, type, "scale " + n);
                reference.elementwise().addScaled(x, -1.3f, y);
                device.launch("add_scaled" + suffix(type), grid, 1, 64, deviceX, -1.3f, (long) n, deviceY);
                assertSame(deviceY, y, type, "addScaled " + n);
            }
        }
    }

    @Test
    void rows() {
        for (DType type : TYPES) {
            for (int d : new int[] {1, 7, 64, 300}) {
                int n = 11;
                Tensor x = rounded(wild(rng, n, d), type);
                Tensor row = wild(rng, d);
                Tensor expected = Tensor.zeros(n, d);
                EmulatedMemory deviceX = device.copy(x, type);
                EmulatedMemory out = device.allocate(type, n * d);
                reference.elementwise().addRow(x, row, expected);
                device.launch("add_row" + suffix(type), 2, 1, 256, deviceX, device.copy(row), (long) n * d, d, out);
                assertSame(out, expected, type, "addRow " + d);
                Tensor sums = normal(rng, d);
                EmulatedMemory deviceSums = device.copy(sums);
                reference.elementwise().sumRowsInto(x, sums);
                device.launch("sum_rows" + suffix(type), blocks(d, 256), 1, 256, deviceX, n, d, n, deviceSums, 1);
                assertSame(deviceSums, sums, DType.F32, "sumRows " + d);
            }
        }
    }

    @Test
    void swiGlu() {
        for (DType type : TYPES) {
            for (int n : SIZES) {
                Tensor gate = rounded(wild(rng, n), type);
                Tensor up = rounded(wild(rng, n), type);
                Tensor dOut = rounded(wild(rng, n), type);
                Tensor expected = Tensor.zeros(n);
                Tensor dGate = Tensor.zeros(n);
                Tensor dUp = Tensor.zeros(n);
                reference.activations().swiGlu(gate, up, expected);
                reference.activations().swiGluBackward(dOut, gate, up, dGate, dUp);
                EmulatedMemory deviceGate = device.copy(gate, type);
                EmulatedMemory deviceUp = device.copy(up, type);
                EmulatedMemory out = device.allocate(type, n);
                device.launch("swiglu" + suffix(type), 1, 1, 64, deviceGate, deviceUp, (long) n, out);
                assertSame(out, expected, type, "swiGlu " + n);
                // In place: the gradients take the place of the inputs.
                device.launch(
                        "swiglu_backward" + suffix(type),
                        1,
                        1,
                        64,
                        device.copy(dOut, type),
                        deviceGate,
                        deviceUp,
                        (long) n,
                        deviceGate,
                        deviceUp);
                assertSame(deviceGate, dGate, type, "dGate " + n);
                assertSame(deviceUp, dUp, type, "dUp " + n);
            }
        }
    }

    @Test
    void rotary() {
        for (int headDim : new int[] {2, 10, 16, 24, 64}) {
            rotary(RotaryForm.whole(headDim));
            rotary(new RotaryForm(headDim, headDim, RotaryForm.Pairing.NEIGHBOURS));
        }
        for (RotaryForm.Pairing pairing : RotaryForm.Pairing.values()) {
            rotary(new RotaryForm(7, 2, pairing));
            rotary(new RotaryForm(24, 16, pairing));
            rotary(new RotaryForm(64, 16, pairing));
        }
    }

    private void rotary(RotaryForm form) {
        int[] positions = {0, 5, 2, 9, 9, 1, 3};
        int width = 3 * form.headDim();
        for (DType type : TYPES) {
            Tensor x = rounded(wild(rng, positions.length, width), type);
            Tensor cos = normal(rng, 10, form.dimensions() / 2);
            Tensor sin = normal(rng, 10, form.dimensions() / 2);
            for (boolean inverse : new boolean[] {false, true}) {
                Tensor expected = Tensor.zeros(positions.length, width);
                reference.positions().rotary(x, form, cos, sin, positions, inverse, expected);
                EmulatedMemory inPlace = device.copy(x, type);
                device.launch(
                        "rotary" + suffix(type),
                        positions.length,
                        1,
                        64,
                        inPlace,
                        width,
                        form.headDim(),
                        form.dimensions(),
                        form.pairing() == RotaryForm.Pairing.HALVES ? 0 : 1,
                        device.copy(cos),
                        device.copy(sin),
                        device.copy(positions),
                        inverse ? 1 : 0,
                        inPlace);
                assertSame(inPlace, expected, type, form + ", inverse " + inverse);
            }
        }
    }

    @Test
    void softCap() {
        float cap = 1.5f;
        for (DType type : TYPES) {
            for (int n : SIZES) {
                Tensor x = rounded(wild(rng, n), type);
                Tensor dOut = rounded(wild(rng, n), type);
                Tensor expected = Tensor.zeros(n);
                reference.activations().softCap(x, cap, expected);
                EmulatedMemory inPlace = device.copy(x, type);
                device.launch("soft_cap" + suffix(type), 1, 1, 64, inPlace, cap, (long) n, inPlace);
                assertSame(inPlace, expected, type, "softCap " + n);
                Tensor capped = rounded(expected, type);
                Tensor dX = Tensor.zeros(n);
                reference.activations().softCapBackward(dOut, capped, cap, dX);
                EmulatedMemory gradient = device.copy(dOut, type);
                device.launch("soft_cap_backward" + suffix(type), 1, 1, 64, gradient, inPlace, cap, (long) n, gradient);
                assertSame(gradient, dX, type, "softCap backward " + n);
            }
        }
    }

    @Test
    void conversions() {
        Tensor x = wild(rng, 3000);
        for (int i = 0; i < 1500; i++) { // magnitudes around the ends of F16, halves between its neighbours among them
            x.floats()[x.offset() + i] =
                    Float.intBitsToFloat(rng.nextInt(0x47900000) & 0xFFFFF000 | rng.nextInt(2) << 31);
        }
        DType[] types = {DType.F32, DType.BF16, DType.F16};
        for (DType from : types) {
            for (DType to : types) {
                if (from != to) {
                    EmulatedMemory out = device.allocate(to, 3000);
                    String kernel = "convert" + suffix(from) + "_to" + suffix(to);
                    device.launch(kernel, 3, 1, 64, device.copy(x, from), 3000L, out);
                    assertSame(out, rounded(x, from), to, kernel);
                }
            }
        }
    }

    @Test
    void stridedCopies() {
        for (DType type : TYPES) {
            for (int trial = 0; trial < 6; trial++) {
                Tensor big = normal(rng, 40 + trial, 70);
                boolean transposed = trial % 2 == 1;
                Tensor view = transposed ? big.t() : big;
                int rows = transposed ? 67 : 33 + trial;
                int columns = transposed ? 33 + trial : 67;
                EmulatedMemory out = device.allocate(type, rows * columns);
                device.launch(
                        "copy_matrix" + suffix(type),
                        blocks(columns, 32),
                        blocks(rows, 32),
                        256,
                        device.copy(big, type),
                        (long) (transposed ? 1 : 70),
                        (long) (transposed ? 70 : 1),
                        rows,
                        columns,
                        out);
                Tensor expected = view.slice(0, 0, rows).slice(1, 0, columns).copy();
                assertSame(out, expected, type, rows + " x " + columns);
            }
        }
        EmulatedMemory out = device.allocate(DType.F32, 77);
        device.launch("fill_f32", 1, 1, 32, -0f, 77L, out);
        Tensor expected = Tensor.zeros(77);
        expected.fill(-0f);
        Numbers.assertSameBits(out.read(77), expected, "fill");
    }
}
