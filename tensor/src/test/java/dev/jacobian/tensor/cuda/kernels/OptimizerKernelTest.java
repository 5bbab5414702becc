// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static dev.jacobian.tensor.Numbers.normal;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.AdamWStep;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.emulation.EmulatedMemory;
import dev.jacobian.tensor.cuda.emulation.KernelTestBase;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** AdamW over many tensors, the gradient norm, and rows of the embedding's gradient have the reference's bits. */
class OptimizerKernelTest extends KernelTestBase {
    private static final int PIECE = 126; // every second one begins where no vector may

    @Test
    void adamWOverManyTensors() {
        for (DType type : TYPES) {
            int[] sizes = {1, 5, 125, 126, 127, 128, 700};
            long[] table = new long[6 * sizes.length];
            float[] decays = new float[sizes.length];
            List<Tensor> expected = new ArrayList<>();
            List<EmulatedMemory> actual = new ArrayList<>();
            List<Integer> pieceTensors = new ArrayList<>();
            List<Long> pieceStarts = new ArrayList<>();
            for (int t = 0; t < sizes.length; t++) {
                int n = sizes[t];
                decays[t] = t % 2 == 0 ? 1f : 0.999f;
                AdamWStep step = new AdamWStep(0.37f, decays[t], 0.9, 0.999, 3e-4f, 1.4f, 1e-8f);
                Tensor p = normal(rng, n);
                Tensor g = rounded(normal(rng, n), type);
                Tensor m = normal(rng, n);
                Tensor v = normal(rng, n);
                reference.elementwise().multiply(v, v, v);
                EmulatedMemory rounded = device.allocate(DType.BF16, n);
                EmulatedMemory[] memories = {
                    device.copy(p), device.copy(g, type), device.copy(m), device.copy(v), rounded
                };
                for (int i = 0; i < 5; i++) {
                    table[6 * t + i] = memories[i].segment().address();
                }
                table[6 * t + 4] = t == 2 ? 0 : table[6 * t + 4]; // one tensor without a rounded copy
                table[6 * t + 5] = n;
                for (long from = 0; from < n; from += PIECE) {
                    pieceTensors.add(t);
                    pieceStarts.add(from);
                }
                reference.optimizer().adamW(p, g, m, v, step);
                expected.addAll(List.of(p, m, v));
                actual.addAll(List.of(memories[0], memories[2], memories[3]));
                if (t != 2) {
                    expected.add(p);
                    actual.add(rounded);
                }
            }
            device.launch(
                    "adamw" + suffix(type),
                    pieceTensors.size(),
                    1,
                    64,
                    device.copy(table),
                    device.copy(pieceTensors.stream().mapToInt(i -> i).toArray()),
                    device.copy(pieceStarts.stream().mapToLong(i -> i).toArray()),
                    PIECE,
                    device.copy(Tensor.of(decays, decays.length)),
                    device.copy(Tensor.of(new float[] {0.37f}, 1)),
                    (float) (1 - 0.9),
                    0.999f,
                    (float) (1 - 0.999),
                    3e-4f,
                    1.4f,
                    1e-8f);
            for (int i = 0; i < expected.size(); i++) {
                assertSame(actual.get(i), expected.get(i), actual.get(i).type(), "AdamW, tensor " + i);
            }
        }
    }

    @Test
    void sumsOfSquaresOfManyTensors() {
        int[] sizes = {0, 1, 15, 17, 4095, 4096, 0, 4097, 65535, 65536, 65537, 70000, 3, 0};
        for (DType type : TYPES) {
            int empty = 1; // pieces of another type, which this launch leaves alone
            long[] table = new long[3 * sizes.length];
            List<Integer> pieceTensors = new ArrayList<>();
            double[] expected = new double[sizes.length];
            for (int t = 0; t < sizes.length; t++) {
                Tensor x = rounded(normal(rng, sizes[t]), type);
                expected[t] = reference.elementwise().sumOfSquares(x);
                table[3 * t] = device.copy(x, type).segment().address();
                table[3 * t + 1] = sizes[t];
                table[3 * t + 2] = empty + pieceTensors.size();
                pieceTensors.addAll(Collections.nCopies(blocks(sizes[t], 65536), t));
            }
            EmulatedMemory tensors = device.copy(table);
            EmulatedMemory sums = device.allocate(DType.I64, 16 * (empty + pieceTensors.size()));
            EmulatedMemory totals = device.allocate(DType.I64, sizes.length);
            device.launch(
                    "sum_of_squares" + suffix(type),
                    pieceTensors.size(),
                    1,
                    256,
                    tensors,
                    device.copy(pieceTensors.stream().mapToInt(i -> i).toArray()),
                    empty,
                    sums);
            device.launch("sum_in_order_f64", sizes.length, 1, 256, tensors, sums, totals);
            assertThat(totals.readDoubles())
                    .as("%s of %s", Arrays.toString(sizes), type)
                    .isEqualTo(expected);
            assertThat(Arrays.copyOf(sums.readDoubles(), 16 * empty))
                    .as("sums of pieces before the first")
                    .containsOnly(Double.NaN);
        }
    }

    @Test
    void partialSumsAreAddedInOrder() {
        int n = 1000;
        double[] x = IntStream.range(0, n).mapToDouble(i -> rng.nextGaussian()).toArray();
        long[] bits = Arrays.stream(x).mapToLong(Double::doubleToRawLongBits).toArray();
        double sum = 0;
        for (double value : x) {
            sum += value;
        }
        EmulatedMemory total = device.allocate(DType.I64, 1);
        EmulatedMemory tensors = device.copy(0L, 4096L * n - 4095, 0L);
        device.launch("sum_in_order_f64", 1, 1, 256, tensors, device.copy(bits), total);
        assertThat(total.readDoubles()[0]).isEqualTo(sum);
    }

    @Test
    void clipScale() {
        double[] squares = {0, 4, 1e-30, 1e300, Double.POSITIVE_INFINITY, Double.NaN};
        for (double maxNorm : new double[] {0, 1, 2, 100}) {
            for (double square : squares) {
                double norm = Math.sqrt(square);
                float expected = maxNorm > 0 ? (float) Math.min(1, maxNorm / (norm + 1e-6)) : 1f;
                EmulatedMemory scale = device.allocate(DType.F32, 1);
                EmulatedMemory sum = device.copy(Double.doubleToRawLongBits(square));
                device.launch("clip_scale", 1, 1, 32, sum, maxNorm, scale);
                assertThat(scale.read(1).item())
                        .as("%s, limit %s", norm, maxNorm)
                        .isEqualTo(Float.valueOf(expected));
            }
        }
    }
}
