// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda;

import static dev.jacobian.tensor.Numbers.normal;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.Backend.AdamWStep;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
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
                reference.multiply(v, v, v);
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
                reference.adamW(p, g, m, v, step);
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
    void sumOfSquares() {
        for (DType type : TYPES) {
            for (int n : new int[] {1, 15, 17, 4095, 4096, 4097, 70000}) {
                Tensor x = rounded(normal(rng, n), type);
                EmulatedMemory sums = device.allocate(DType.I64, blocks(n, 4096));
                EmulatedMemory total = device.allocate(DType.I64, 1);
                device.launch(
                        "sum_of_squares" + suffix(type),
                        blocks(n, 65536),
                        1,
                        256,
                        device.copy(x, type),
                        (long) n,
                        sums);
                device.launch("sum_in_order_f64", 1, 1, 256, sums, (long) blocks(n, 4096), total);
                assertThat(total.readDoubles()[0]).as("%d numbers", n).isEqualTo(reference.sumOfSquares(x));
            }
        }
        int n = 1000;
        double[] x = IntStream.range(0, n).mapToDouble(i -> rng.nextGaussian()).toArray();
        double sum = 0;
        long[] bits = new long[n];
        for (int i = 0; i < n; i++) {
            sum += x[i];
            bits[i] = Double.doubleToRawLongBits(x[i]);
        }
        EmulatedMemory total = device.allocate(DType.I64, 1);
        device.launch("sum_in_order_f64", 1, 1, 256, device.copy(bits), (long) n, total);
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
