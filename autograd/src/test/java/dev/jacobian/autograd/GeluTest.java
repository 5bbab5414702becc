// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import static dev.jacobian.autograd.GradientCheck.assertClose;
import static dev.jacobian.autograd.GradientCheck.check;
import static dev.jacobian.autograd.GradientCheck.doubles;
import static dev.jacobian.autograd.GradientCheck.normal;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.GeluForm;
import dev.jacobian.tensor.Tensor;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

/** GELU and the gate made of it. */
class GeluTest {
    /** Φ(1) = 0.8413447 and φ(1) = 0.2419707, so gelu(1) = Φ(1), gelu(−1) = −Φ(−1), and the slope at ±1 is Φ(±1) ± φ(1). */
    @Test
    void byHand() {
        Parameter x = Var.parameter("x", Tensor.of(new float[] {0, 1, -1}, 3));
        Var y = Gelu.gelu(x, GeluForm.EXACT);
        assertClose("gelu", doubles(y.value()), new double[] {0, 0.8413447, -0.1586553}, 1e-6);
        Reduction.sum(y).backward();
        double[] slopes = {0.5, 1.0833155, -0.0833155};
        assertClose("slope", doubles(x.grad().orElseThrow()), slopes, 1e-6);

        // ½ (1 + tanh(0.7978846 · 1.044715)) = 0.8411920
        Var z = Gelu.gelu(Var.constant(Tensor.of(new float[] {1, -1}, 2)), GeluForm.TANH);
        assertClose("tanh form", doubles(z.value()), new double[] {0.8411920, -0.1588080}, 1e-6);
    }

    @Test
    void finiteDifferences() {
        for (int d : new int[] {1, 5, 16, 37}) {
            Tensor x = normal(1, 3, d);
            Tensor up = normal(2, 3, d);
            for (GeluForm form : GeluForm.values()) {
                DoubleUnaryOperator gelu = z -> z * half(form, z);
                check(v -> Gelu.gelu(v[0], form), in -> map(gelu, in[0], null), x);
                check(v -> GeGlu.geGlu(v[0], v[1], form), in -> map(gelu, in[0], in[1]), x, up);
            }
        }
        Tensor x = normal(3, 4, 6);
        check(v -> GeGlu.geGlu(v[0], v[0], GeluForm.TANH), in -> map(z -> z * half(GeluForm.TANH, z), in[0], in[0]), x);
    }

    @Test
    void shapesThatDiffer() {
        assertThatThrownBy(() ->
                        GeGlu.geGlu(Var.constant(Tensor.zeros(2, 3)), Var.constant(Tensor.zeros(3, 2)), GeluForm.EXACT))
                .hasMessage("geGlu: shapes [2, 3] and [3, 2] differ");
    }

    private static double[] map(DoubleUnaryOperator f, double[] x, double[] factor) {
        double[] y = new double[x.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = f.applyAsDouble(x[i]) * (factor == null ? 1 : factor[i]);
        }
        return y;
    }

    /** What z is multiplied by. Φ as a series of positive terms: ½ + φ(z) (z + z³/3 + z⁵/15 + …). */
    private static double half(GeluForm form, double z) {
        if (form == GeluForm.TANH) {
            return 0.5 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (z + 0.044715 * z * z * z)));
        }
        double term = z;
        double sum = 0;
        for (int n = 1; sum + term != sum; n++) {
            sum += term;
            term *= z * z / (2 * n + 1);
        }
        return 0.5 + sum * Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
    }
}
