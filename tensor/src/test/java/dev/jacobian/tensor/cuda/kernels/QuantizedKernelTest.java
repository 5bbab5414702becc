// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static dev.jacobian.tensor.Numbers.normal;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.tensor.cuda.emulation.EmulatedMemory;
import dev.jacobian.tensor.cuda.emulation.KernelTestBase;
import dev.jacobian.tensor.reference.ReferenceQuantization;
import org.junit.jupiter.api.Test;

/** Quantized weights expand to the reference's numbers exactly; products differ by the order of their sums only. */
class QuantizedKernelTest extends KernelTestBase {
    private static final int BLOCK = ReferenceQuantization.BLOCK;

    @Test
    void everyTailOfKAndN() {
        for (WeightFormat format : new WeightFormat[] {WeightFormat.Q8_0, WeightFormat.Q4_0}) {
            for (DType type : TYPES) {
                for (int k : new int[] {1, 31, 32, 33, 100, 1024, 1100}) {
                    check(format, type, 1 + k % 3, k, 1 + k % 11);
                }
            }
        }
    }

    private void check(WeightFormat format, DType type, int m, int k, int n) {
        Tensor b = normal(rng, k, n); // [K, N]
        Tensor x = rounded(normal(rng, m, k), type); // [M, K]
        Tensor before = rounded(normal(rng, m, n), type);
        boolean wide = format == WeightFormat.Q8_0;
        int blocks = blocks(k, BLOCK);
        int bytes = wide ? BLOCK : BLOCK / 2;
        byte[] quants = new byte[n * blocks * bytes]; // [N, blocks, bytes]
        float[] scales = new float[n * blocks]; // [N, blocks]
        float[] block = new float[BLOCK];
        byte[] stored = new byte[BLOCK];
        for (int column = 0; column < n; column++) {
            for (int i = 0; i < blocks; i++) {
                int at = column * blocks + i;
                ReferenceQuantization.readBlock(b, i * BLOCK, column, block);
                scales[at] =
                        Float.float16ToFloat(ReferenceQuantization.quantize(format, block, stored, i * BLOCK, column));
                for (int j = 0; j < bytes; j++) {
                    quants[at * bytes + j] =
                            (byte) (wide ? (stored[j] & 0xFF) - 128 : stored[j] | stored[j + BLOCK / 2] << 4);
                }
            }
        }
        Tensor weights = reference.matrices().unpack(reference.matrices().pack(b, format)); // [K, N]
        String prefix = format.label();
        String what = prefix + " [" + m + ", " + k + "] x [" + k + ", " + n + "]";
        EmulatedMemory deviceQuants = device.copy(quants);
        EmulatedMemory deviceScales = device.copy(Tensor.of(scales, scales.length), DType.F16);
        EmulatedMemory expanded = device.allocate(type, n * k);
        device.launch(prefix + "_expand" + suffix(type), 2, 1, 256, deviceQuants, deviceScales, k, n, expanded);
        assertSame(expanded, weights.t().copy(), type, what + ", expanded");

        for (int accumulate = 0; accumulate < 2; accumulate++) {
            Tensor expected = Tensor.zeros(m, n);
            float[] bounds = new float[m * n];
            for (int row = 0; row < m; row++) {
                for (int column = 0; column < n; column++) {
                    double sum = accumulate * before.get(row, column);
                    double magnitude = Math.abs(sum);
                    for (int i = 0; i < k; i++) {
                        double term = (double) x.get(row, i) * weights.get(i, column);
                        sum += term;
                        magnitude += Math.abs(term);
                    }
                    int at = row * n + column;
                    expected.floats()[at] = (float) sum;
                    // A chain of 32, one of a lane's blocks, five foldings; then the rounding of the result.
                    bounds[at] = (float) (magnitude * (32 + blocks / 32 + 7) * 0x1p-24
                            + Math.abs(sum) * (type == DType.BF16 ? 0x1p-8 : 0x1p-23));
                }
            }
            EmulatedMemory out = device.copy(before, type);
            device.launch(
                    prefix + "_matvec" + suffix(type),
                    blocks(n, 8),
                    m,
                    256,
                    device.copy(x, type),
                    deviceQuants,
                    deviceScales,
                    k,
                    n,
                    accumulate,
                    out);
            assertNear(out, expected, bounds, what + ", accumulate " + accumulate);
        }
    }
}
