// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import static dev.jacobian.autograd.GradientCheck.assertGradient;
import static dev.jacobian.autograd.GradientCheck.assertValue;
import static dev.jacobian.autograd.GradientCheck.backward;
import static dev.jacobian.autograd.GradientCheck.by;
import static dev.jacobian.autograd.GradientCheck.check;
import static dev.jacobian.autograd.GradientCheck.matrix;
import static dev.jacobian.autograd.GradientCheck.normal;
import static dev.jacobian.autograd.GradientCheck.numbers;
import static dev.jacobian.testing.Bits.assertBits;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.RotaryForm;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Value and gradient of every operation but attention and the fused head, which have tests of their own. */
class OperationsTest {
    @Test
    @DisplayName("by hand: (2, 3)·(5, 7) = (10, 21); with dz = (1, 10) dx = dz·y = (5, 70) and dy = dz·x = (2, 30)")
    void elementwiseByHand() {
        Parameter x = numbers(2, 3);
        Parameter y = numbers(5, 7);
        Var product = Elementwise.multiply(x, y);
        assertValue(product, 10, 21);
        backward(product, 1, 10);
        assertGradient(x, 5, 70);
        assertGradient(y, 2, 30);

        Var difference = Elementwise.subtract(x, Elementwise.scale(y, 2)); // x − 2y
        assertValue(difference, -8, -11);
        backward(difference, 1, 10);
        assertGradient(x, 5 + 1, 70 + 10); // gradients add up
        assertGradient(y, 2 - 2, 30 - 20);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 16, 37})
    @DisplayName("add, subtract, multiply, scale")
    void elementwise(int d) {
        Tensor x = normal(1, 3, d);
        Tensor y = normal(2, 3, d);
        check(v -> Elementwise.add(v[0], v[1]), in -> map(in, (a, b) -> a + b), x, y);
        check(v -> Elementwise.subtract(v[0], v[1]), in -> map(in, (a, b) -> a - b), x, y);
        check(v -> Elementwise.multiply(v[0], v[1]), in -> map(in, (a, b) -> a * b), x, y);
        check(v -> Elementwise.scale(v[0], -2.5f), in -> map(in, (a, b) -> -2.5 * a), x);
    }

    @Test
    @DisplayName("operations of a variable with itself")
    void sharedOperands() {
        Tensor x = normal(3, 4, 6);
        check(v -> Elementwise.add(v[0], v[0]), in -> map(in, (a, b) -> 2 * a), x);
        check(v -> Elementwise.subtract(v[0], v[0]), in -> map(in, (a, b) -> 0), x);
        check(v -> Elementwise.multiply(v[0], v[0]), in -> map(in, (a, b) -> a * a), x);
        check(v -> SwiGlu.swiGlu(v[0], v[0]), in -> map(in, (a, b) -> a * a / (1 + Math.exp(-a))), x);
        Tensor square = normal(4, 7, 7);
        check(v -> Linear.matmul(v[0], v[0]), in -> product(in[0], in[0], 7, 7, 7, false), square);
        check(v -> Linear.linear(v[0], v[0], Optional.empty()), in -> product(in[0], in[0], 7, 7, 7, true), square);
    }

    @Test
    @DisplayName("by hand: the mean of (2, 4) is 3, each counts a half; 10·2 − 1·4 = 16, each counts its weight")
    void reductionsByHand() {
        Parameter x = numbers(2, 4);
        Var mean = Reduction.mean(x);
        assertValue(mean, 3);
        mean.backward();
        assertGradient(x, 0.5, 0.5);
        x.clearGrad();
        Var weighted = Reduction.weightedSum(x, new float[] {10, -1});
        assertValue(weighted, 16);
        weighted.backward();
        assertGradient(x, 10, -1);
    }

    @Test
    @DisplayName("sum, mean, weighted sum")
    void reductions() {
        Tensor x = normal(5, 3, 11);
        float[] weights = normal(6, 33).floats();
        check(v -> Reduction.sum(v[0]), in -> new double[] {sum(in[0])}, x);
        check(v -> Reduction.mean(v[0]), in -> new double[] {sum(in[0]) / 33}, x);
        check(
                v -> Reduction.weightedSum(v[0], weights),
                in -> {
                    double total = 0;
                    for (int i = 0; i < 33; i++) {
                        total += weights[i] * in[0][i];
                    }
                    return new double[] {total};
                },
                x);
    }

    @Test
    @DisplayName("by hand: y = x·Wᵀ + b of one row; dx = dy·W, dW = dyᵀ·x, db = dy")
    void linearByHand() {
        Parameter x = matrix(by(1, 2), 1, 2);
        Parameter weight = matrix(by(2, 2), 3, 4, 5, 6); // its rows make the outputs
        Parameter bias = numbers(10, 20);
        Var y = Linear.linear(x, weight, Optional.of(bias));
        assertValue(y, 1 * 3 + 2 * 4 + 10, 1 * 5 + 2 * 6 + 20);
        backward(y, 1, 10);
        assertGradient(x, 1 * 3 + 10 * 5, 1 * 4 + 10 * 6);
        assertGradient(weight, 1 * 1, 1 * 2, 10 * 1, 10 * 2);
        assertGradient(bias, 1, 10);
    }

    @ParameterizedTest
    @CsvSource({"1,1,1", "1,17,5", "3,16,8", "5,33,19", "20,7,40"})
    @DisplayName("linear with and without bias, matmul")
    void products(int n, int k, int m) {
        Tensor x = normal(7, n, k);
        Tensor weight = normal(8, m, k);
        Tensor bias = normal(9, m);
        check(v -> Linear.linear(v[0], v[1], Optional.empty()), in -> product(in[0], in[1], n, k, m, true), x, weight);
        check(
                v -> Linear.linear(v[0], v[1], Optional.of(v[2])),
                in -> {
                    double[] y = product(in[0], in[1], n, k, m, true);
                    for (int i = 0; i < y.length; i++) {
                        y[i] += in[2][i % m];
                    }
                    return y;
                },
                x,
                weight,
                bias);
        check(v -> Linear.matmul(v[0], v[1]), in -> product(in[0], in[1], n, k, m, false), x, normal(10, k, m));
    }

    @Test
    @DisplayName("by hand: two products of a row and a column; each passes back to its own")
    void batchedProductsByHand() {
        Parameter rows = matrix(new int[] {2, 1, 2}, 1, 2, 5, 6);
        Parameter columns = matrix(new int[] {2, 2, 1}, 3, 4, 7, 8);
        Var products = Linear.batchedMatmul(rows, columns);
        assertValue(products, 1 * 3 + 2 * 4, 5 * 7 + 6 * 8);
        backward(products, 1, 10);
        assertGradient(rows, 3, 4, 10 * 7, 10 * 8);
        assertGradient(columns, 1, 2, 10 * 5, 10 * 6);
    }

    @ParameterizedTest
    @CsvSource({"1,1,1,1", "1,3,5,4", "3,1,17,5", "4,5,1,3", "3,7,8,9", "2,5,33,19"})
    @DisplayName("batches of products")
    void batchedProducts(int batch, int m, int k, int n) {
        check(
                v -> Linear.batchedMatmul(v[0], v[1]),
                in -> batchedProduct(in[0], in[1], batch, m, k, n),
                normal(26, batch, m, k),
                normal(27, batch, k, n));
    }

    @Test
    @DisplayName("a batch of products of a variable with itself")
    void batchedSquares() {
        check(
                v -> Linear.batchedMatmul(v[0], v[0]),
                in -> batchedProduct(in[0], in[0], 3, 5, 5, 5),
                normal(28, 3, 5, 5));
    }

    @Test
    @DisplayName("a batch of products has the values and gradients of its products one by one")
    void batchedProductsAreProducts() {
        Tensor x = normal(29, 3, 4, 6);
        Tensor y = normal(30, 3, 6, 5);
        Tensor cotangent = normal(31, 3, 4, 5);
        Parameter a = Var.parameter("a", x);
        Parameter b = Var.parameter("b", y);
        Var out = Linear.batchedMatmul(a, b);
        out.backward(cotangent);
        for (int i = 0; i < 3; i++) {
            Parameter ofA = Var.parameter("a[i]", x.select(0, i).copy());
            Parameter ofB = Var.parameter("b[i]", y.select(0, i).copy());
            Var alone = Linear.matmul(ofA, ofB);
            alone.backward(cotangent.select(0, i).copy());
            assertSame(Var.constant(out.value().select(0, i)), alone);
            assertSame(gradient(a).select(0, i), gradient(ofA));
            assertSame(gradient(b).select(0, i), gradient(ofB));
        }
    }

    private static Tensor gradient(Parameter parameter) {
        return parameter.grad().orElseThrow();
    }

    private static void assertSame(Tensor actual, Tensor expected) {
        assertSame(Var.constant(actual), Var.constant(expected));
    }

    @Test
    @DisplayName("by hand: (1, 7) has the root mean square 5; with g = dy·w: dx = (g − x·(g·x)/(2·25))/5, dw = dy·x/5")
    void rmsNormByHand() {
        Parameter x = matrix(by(1, 2), 1, 7);
        Parameter weight = numbers(5, 10);
        Var y = RmsNorm.rmsNorm(x, weight, 0);
        assertValue(y, 1.0 / 5 * 5, 7.0 / 5 * 10);
        backward(y, 1, 0); // g = (5, 0), g·x = 5
        assertGradient(x, (5 - 1 * 5.0 / 50) / 5, (0 - 7 * 5.0 / 50) / 5);
        assertGradient(weight, 1.0 / 5, 0);
    }

    @ParameterizedTest
    @CsvSource({"1,1,1", "4,8,8", "5,37,37", "3,64,16"})
    @DisplayName("RMSNorm of whole rows and of heads")
    void rmsNorm(int n, int width, int d) {
        float epsilon = 1e-2f;
        check(
                v -> RmsNorm.rmsNorm(v[0], v[1], epsilon),
                in -> {
                    double[] y = new double[n * width];
                    for (int from = 0; from < y.length; from += d) {
                        double squares = 0;
                        for (int i = 0; i < d; i++) {
                            squares += in[0][from + i] * in[0][from + i];
                        }
                        for (int i = 0; i < d; i++) {
                            y[from + i] = in[0][from + i] / Math.sqrt(squares / d + epsilon) * in[1][i];
                        }
                    }
                    return y;
                },
                normal(11, n, width),
                normal(12, d));
    }

    @Test
    @DisplayName("by hand: a quarter turn takes (3, 4) to (-4, 3), and gradients back by a quarter turn")
    void rotaryByHand() {
        Tensor cos = Tensor.of(new float[] {1, 0}, 2, 1); // position 0 does not turn, position 1 by 90 degrees
        Tensor sin = Tensor.of(new float[] {0, 1}, 2, 1);
        Parameter x = matrix(by(1, 2), 3, 4);
        Var y = Rotary.rotary(x, RotaryForm.whole(2), cos, sin, new int[] {1});
        assertValue(y, -4, 3);
        backward(y, 10, 1);
        assertGradient(x, 1, -10);
    }

    @ParameterizedTest
    @CsvSource({"1,2", "2,6", "3,16", "1,64"})
    @DisplayName("rotary embedding, also with scaled tables")
    void rotary(int heads, int headDim) {
        int[] positions = {4, 0, 4, 2, 1};
        int half = headDim / 2;
        Tensor cos = normal(13, 5, half); // any numbers do: the rotation need not keep lengths (YaRN scales it)
        Tensor sin = normal(14, 5, half);
        check(
                v -> Rotary.rotary(v[0], RotaryForm.whole(headDim), cos, sin, positions),
                in -> {
                    double[] y = new double[in[0].length];
                    for (int n = 0; n < positions.length; n++) {
                        for (int h = 0; h < heads; h++) {
                            int from = (n * heads + h) * headDim;
                            for (int i = 0; i < half; i++) {
                                double c = cos.get(positions[n], i);
                                double s = sin.get(positions[n], i);
                                double a = in[0][from + i];
                                double b = in[0][from + half + i];
                                y[from + i] = a * c - b * s;
                                y[from + half + i] = b * c + a * s;
                            }
                        }
                    }
                    return y;
                },
                normal(15, positions.length, heads * headDim));
    }

    @ParameterizedTest
    @CsvSource({"1,2,2", "2,7,4", "3,16,10", "1,16,16"})
    @DisplayName("rotary embedding of a part of each head, pairs of neighbours")
    void rotaryOfNeighbours(int heads, int headDim, int dimensions) {
        int[] positions = {4, 0, 4, 2, 1};
        Tensor cos = normal(13, 5, dimensions / 2);
        Tensor sin = normal(14, 5, dimensions / 2);
        RotaryForm form = new RotaryForm(headDim, dimensions, RotaryForm.Pairing.NEIGHBOURS);
        check(
                v -> Rotary.rotary(v[0], form, cos, sin, positions),
                in -> {
                    double[] y = in[0].clone();
                    for (int n = 0; n < positions.length; n++) {
                        for (int h = 0; h < heads; h++) {
                            int from = (n * heads + h) * headDim;
                            for (int i = 0; i < dimensions; i += 2) {
                                double c = cos.get(positions[n], i / 2);
                                double s = sin.get(positions[n], i / 2);
                                y[from + i] = in[0][from + i] * c - in[0][from + i + 1] * s;
                                y[from + i + 1] = in[0][from + i + 1] * c + in[0][from + i] * s;
                            }
                        }
                    }
                    return y;
                },
                normal(15, positions.length, heads * headDim));
    }

    @Test
    @DisplayName("every row times the same numbers")
    void multiplyRows() {
        check(
                v -> Elementwise.multiplyRows(v[0], v[1]),
                in -> {
                    double[] y = new double[in[0].length];
                    for (int i = 0; i < y.length; i++) {
                        y[i] = in[0][i] * in[1][i % in[1].length];
                    }
                    return y;
                },
                normal(16, 4, 6),
                normal(17, 3, 2));
    }

    @Test
    @DisplayName("a norm times 1 + w: the numbers and gradients of one times w whose weight is 1 higher, also after a"
            + " change")
    void onePlus() {
        Parameter x = matrix(by(1, 2), 1, 7);
        Parameter weight = numbers(4, 9);
        for (float shift : new float[] {0, 2}) {
            weight.value().floats()[0] += shift;
            weight.valueChanged();
            Parameter higher = numbers(weight.value().get(0) + 1, 10);
            Parameter alike = matrix(by(1, 2), 1, 7);
            weight.clearGrad();
            x.clearGrad();
            Var y = RmsNorm.rmsNormOnePlus(x, weight, 0);
            Var wanted = RmsNorm.rmsNorm(alike, higher, 0);
            assertSame(y, wanted);
            backward(y, 1, 3);
            backward(wanted, 1, 3);
            assertSame(gradient(x), gradient(alike));
            assertSame(gradient(weight), gradient(higher));
            assertSame(RmsNorm.rmsNormOnePlus(x, Var.constant(weight.value()), 0), wanted);
        }
        assertThat(weight.copiedBytes()).isEqualTo(2 * Float.BYTES);
    }

    @Test
    @DisplayName("by hand: σ(0) = 1/2 and σ(ln 3) = 3/4; dup = silu(gate), dgate = up·σ·(1 + gate·(1 − σ))")
    void swiGluByHand() {
        double ln3 = Math.log(3);
        Parameter gate = numbers(0, (float) ln3);
        Parameter up = numbers(6, 4);
        Var y = SwiGlu.swiGlu(gate, up);
        assertValue(y, 0, ln3 * 3 / 4 * 4);
        backward(y, 1, 1);
        assertGradient(up, 0, ln3 * 3 / 4);
        assertGradient(gate, 6.0 / 2, 4 * 3.0 / 4 * (1 + ln3 / 4));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 15, 32, 45})
    @DisplayName("SwiGLU")
    void swiGlu(int d) {
        check(
                v -> SwiGlu.swiGlu(v[0], v[1]),
                in -> map(in, (gate, up) -> gate / (1 + Math.exp(-gate)) * up),
                normal(16, 3, d),
                normal(17, 3, d));
    }

    @Test
    @DisplayName("by hand: σ(0) = 1/2; a gate above 7 and an up beyond ±7 count as 7 and have no gradient")
    void clampedSwiGluByHand() {
        Parameter gate = numbers(0, 9, 0.5f);
        Parameter up = numbers(6, 3, -8);
        Var y = SwiGlu.clampedSwiGlu(gate, up);
        double seven = 7 / (1 + Math.exp(-7 * 1.702));
        double half = 1 / (1 + Math.exp(-0.5 * 1.702));
        assertValue(y, 0, 4 * seven, -6 * 0.5 * half);
        backward(y, 1, 1, 1);
        assertGradient(up, 0, seven, 0);
        assertGradient(gate, 7.0 / 2, 0, -6 * half * (1 + 0.5 * 1.702 * (1 - half)));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 15, 32, 45})
    @DisplayName("clamped SwiGLU, most gates and ups within")
    void clampedSwiGlu(int d) {
        check(
                v -> SwiGlu.clampedSwiGlu(v[0], v[1]),
                in -> map(in, (z, u) -> {
                    double g = Math.min(z, 7);
                    return (Math.clamp(u, -7, 7) + 1) * g / (1 + Math.exp(-1.702 * g));
                }),
                normal(26, 3, d),
                normal(27, 3, d));
    }

    @Test
    @DisplayName("by hand: rows 2, 0 and 2 of three; what row 2 gets back adds up, row 1 gets nothing")
    void gatherByHand() {
        Parameter table = matrix(by(3, 2), 1, 2, 3, 4, 5, 6);
        Var y = Rows.gather(table, new int[] {2, 0, 2});
        assertValue(y, 5, 6, 1, 2, 5, 6);
        backward(y, 1, 2, 10, 20, 100, 200);
        assertGradient(table, 10, 20, 0, 0, 101, 202);
    }

    @Test
    @DisplayName("gather with repeated, unordered and missing rows")
    void gather() {
        int[] rows = {3, 0, 3, 3, 1};
        int d = 19;
        check(
                v -> Rows.gather(v[0], rows),
                in -> {
                    double[] y = new double[rows.length * d];
                    for (int i = 0; i < rows.length; i++) {
                        System.arraycopy(in[0], rows[i] * d, y, i * d, d);
                    }
                    return y;
                },
                normal(18, 5, d));
    }

    @Test
    @DisplayName("numbers one behind the other, of which each gets its part of the gradient")
    void joined() {
        check(
                v -> Rows.joined(v[0], v[1]),
                in -> DoubleStream.concat(Arrays.stream(in[0]), Arrays.stream(in[1]))
                        .toArray(),
                normal(26, 7),
                normal(27, 3));
    }

    @Test
    @DisplayName("strided views as inputs give what dense copies give")
    void views() {
        Tensor x = normal(19, 6, 4).t(); // [4, 6]
        Tensor y = normal(20, 4, 12).slice(1, 3, 9); // [4, 6]
        Tensor weight = normal(21, 6, 5).t(); // [5, 6]
        Tensor row = normal(22, 6, 3).slice(1, 1, 2); // [6, 1]
        Tensor table = normal(23, 8, 3).t(); // [3, 8]
        assertSame(Elementwise.add(Var.constant(x), Var.constant(y)), Elementwise.add(dense(x), dense(y)));
        assertSame(Elementwise.multiply(Var.constant(x), Var.constant(y)), Elementwise.multiply(dense(x), dense(y)));
        assertSame(Elementwise.scale(Var.constant(x), 3f), Elementwise.scale(dense(x), 3f));
        assertSame(SwiGlu.swiGlu(Var.constant(x), Var.constant(y)), SwiGlu.swiGlu(dense(x), dense(y)));
        assertSame(
                RmsNorm.rmsNorm(Var.constant(x), Var.constant(row), 1e-6f),
                RmsNorm.rmsNorm(dense(x), dense(row), 1e-6f));
        assertSame(
                Linear.linear(Var.constant(x), Var.constant(weight), Optional.empty()),
                Linear.linear(dense(x), dense(weight), Optional.empty()));
        assertSame(
                Linear.matmul(Var.constant(x), Var.constant(weight.t())), Linear.matmul(dense(x), dense(weight.t())));
        Tensor left = normal(32, 5, 2, 4).transpose(0, 2); // [4, 2, 5]
        Tensor right = normal(33, 4, 3, 7).transpose(1, 2).slice(1, 2, 7); // [4, 5, 3]
        assertSame(
                Linear.batchedMatmul(Var.constant(left), Var.constant(right)),
                Linear.batchedMatmul(dense(left), dense(right)));
        assertSame(Rows.gather(Var.constant(table), new int[] {2, 1}), Rows.gather(dense(table), new int[] {2, 1}));
        Tensor cos = normal(24, 3, 9).slice(1, 2, 5); // [3, 3]
        Tensor sin = normal(25, 3, 3).t(); // [3, 3]
        int[] positions = {2, 0, 1, 1};
        assertSame(
                Rotary.rotary(Var.constant(x), RotaryForm.whole(6), cos, sin, positions),
                Rotary.rotary(dense(x), RotaryForm.whole(6), cos.copy(), sin.copy(), positions));
    }

    private static Var dense(Tensor x) {
        return Var.constant(x.copy());
    }

    private static void assertSame(Var actual, Var expected) {
        assertBits(
                actual.name(), actual.value().toFloatArray(), expected.value().toFloatArray());
    }

    @FunctionalInterface
    private interface Binary {
        double apply(double a, double b);
    }

    /** Elementwise over the first two inputs, or over the first alone. */
    private static double[] map(double[][] in, Binary function) {
        double[] y = new double[in[0].length];
        for (int i = 0; i < y.length; i++) {
            y[i] = function.apply(in[0][i], in.length > 1 ? in[1][i] : 0);
        }
        return y;
    }

    private static double sum(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum;
    }

    /** a [batch, m, k] times b [batch, k, n]. */
    private static double[] batchedProduct(double[] a, double[] b, int batch, int m, int k, int n) {
        double[] out = new double[batch * m * n];
        for (int i = 0; i < batch; i++) {
            double[] ofA = Arrays.copyOfRange(a, i * m * k, (i + 1) * m * k);
            double[] ofB = Arrays.copyOfRange(b, i * k * n, (i + 1) * k * n);
            System.arraycopy(product(ofA, ofB, m, k, n, false), 0, out, i * m * n, m * n);
        }
        return out;
    }

    /** a [n, k] times b, which is [m, k] if transposed and [k, m] otherwise. */
    private static double[] product(double[] a, double[] b, int n, int k, int m, boolean transposed) {
        double[] out = new double[n * m];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < m; j++) {
                for (int l = 0; l < k; l++) {
                    out[i * m + j] += a[i * k + l] * (transposed ? b[j * k + l] : b[l * m + j]);
                }
            }
        }
        return out;
    }
}
