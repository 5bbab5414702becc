// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.weights;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.io.FormatException;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.fuzz.Bytes;
import dev.jacobian.testing.fuzz.Fuzz;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Broken deltas: a clear error, or the very weights; soon, and in memory that their bytes account for. */
class WeightFuzzTest {
    private static final WeightLayout LAYOUT = new WeightLayout(List.of(
            new WeightLayout.Entry("a", DType.F32, 700),
            new WeightLayout.Entry("b", DType.BF16, 300),
            new WeightLayout.Entry("huge", DType.F32, 1 << 20))); // what nobody has sent costs nothing

    private static WeightImage image(double step) {
        float[] a = new float[700];
        short[] b = new short[300];
        for (int i = 0; i < a.length; i++) {
            a[i] = (float) (Math.sin(i) + step);
        }
        for (int i = 0; i < b.length; i++) {
            b[i] = (short) (i % 7 + (step > 0 && i % 20 == 0 ? 1 : 0));
        }
        return WeightImage.of(
                LAYOUT, List.of(Tensor.of(a, 700), Tensor.ofBits(DType.BF16, b, 300), Tensor.zeros(1 << 20)));
    }

    @Test
    void brokenDeltasAreRefused() {
        WeightImage old = image(0);
        WeightImage now = image(1e-6);
        byte[] whole = WeightDelta.between(old, now).toBytes();
        int read = Fuzz.run(
                Fuzz.inputs(4000),
                18,
                choices -> choices.oneIn(50) ? whole : Bytes.mutate(whole, choices),
                input -> assertThat(WeightDelta.read(input, LAYOUT).apply(old).manifest())
                        .isIn(now.manifest(), old.manifest()),
                FormatException.class::isInstance);
        assertThat(read).isBetween(1, Fuzz.inputs(4000) / 5);
    }
}
