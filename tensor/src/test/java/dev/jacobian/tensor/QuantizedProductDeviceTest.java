// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.cuda.emulation.TestDevices;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products of BF16 rows with quantized weights, few rows and many, to BF16 as in layers and to F32 as logits are. */
class QuantizedProductDeviceTest {
    private static final String NAME = "cuda:0";
    private static final Device DEVICE =
            Device.parse(NAME); // batch-invariant it would unpack weights for any number of rows
    private static final int K = 70; // two whole blocks and a tail
    private static final int FEW_ROWS = 8; // up to which weights are read in place, unrounded

    @BeforeEach
    void device() {
        TestDevices.require(NAME);
        TestDevices.takeFaults();
    }

    @ParameterizedTest
    @CsvSource({
        "Q8_0, F32, 1",
        "Q8_0, F32, 3",
        "Q8_0, F32, 40",
        "Q4_0, F32, 1",
        "Q4_0, F32, 40",
        "Q8_0, BF16, 1",
        "Q8_0, BF16, 40",
        "Q4_0, BF16, 3",
        "Q4_0, BF16, 40"
    })
    void nearTheProductWithTheUnpackedMatrix(WeightFormat format, DType type, int m) {
        Rng rng = new Rng(91, m);
        Tensor a = Numbers.normal(rng, m, K).to(DType.BF16); // [M, K]
        Tensor b = Numbers.normal(rng, K, 37); // [K, N]
        Tensor before = Numbers.normal(rng, m, 37).to(type); // [M, N]
        Tensor unpacked = Backends.reference()
                .matrices()
                .unpack(Backends.reference().matrices().pack(b, format)); // [K, N]
        Backend tested = Backends.of(DEVICE);
        Tensor out = before.to(DEVICE).copy(); // [M, N]
        tested.matrices().matmul(a.to(DEVICE), tested.matrices().pack(b, format), out, true);
        float[] actual = out.to(Device.CPU).to(DType.F32).toFloatArray();
        float[] rows = a.to(DType.F32).toFloatArray();
        float[] columns = unpacked.toFloatArray();
        float[] start = before.to(DType.F32).toFloatArray();
        // Many rows are multiplied by weights rounded to BF16, by at most 2^-8 of themselves; so are BF16 results.
        double unit = (m > FEW_ROWS ? 0x1p-8 : 0) + K * 0x1p-24;
        for (int i = 0; i < actual.length; i++) {
            double sum = start[i];
            double sizes = Math.abs(start[i]);
            for (int k = 0; k < K; k++) {
                double term = (double) rows[i / 37 * K + k] * columns[k * 37 + i % 37];
                sum += term;
                sizes += Math.abs(term);
            }
            double allowed = unit * sizes + (type == DType.BF16 ? 0x1p-8 * (Math.abs(sum) + unit * sizes) : 0);
            assertThat(Math.abs(actual[i] - sum))
                    .as("[" + i / 37 + ", " + i % 37 + "] is " + actual[i] + ", expected " + sum)
                    .isLessThanOrEqualTo(allowed);
        }
        assertThat(TestDevices.takeFaults()).isEmpty();
    }
}
