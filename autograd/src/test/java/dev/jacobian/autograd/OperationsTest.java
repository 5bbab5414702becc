// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import static dev.jacobian.autograd.GradientCheck.check;
import static dev.jacobian.autograd.GradientCheck.normal;
import static dev.jacobian.testing.Bits.assertBits;

import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Value and gradient of every operation but attention and the fused head, which have tests of their own. */
class OperationsTest {
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
        Var a = Var.parameter("a", x);
        Var b = Var.parameter("b", y);
        Var out = Linear.batchedMatmul(a, b);
        out.backward(cotangent);
        for (int i = 0; i < 3; i++) {
            Var ofA = Var.parameter("a[i]", x.select(0, i).copy());
            Var ofB = Var.parameter("b[i]", y.select(0, i).copy());
            Var alone = Linear.matmul(ofA, ofB);
            alone.backward(cotangent.select(0, i).copy());
            assertSame(Var.constant(out.value().select(0, i)), alone);
            assertSame(gradient(a).select(0, i), gradient(ofA));
            assertSame(gradient(b).select(0, i), gradient(ofB));
        }
    }

    private static Tensor gradient(Var parameter) {
        return parameter.grad().orElseThrow();
    }

    private static void assertSame(Tensor actual, Tensor expected) {
        assertSame(Var.constant(actual), Var.constant(expected));
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

    @ParameterizedTest
    @CsvSource({"1,2", "2,6", "3,16", "1,64"})
    @DisplayName("rotary embedding, also with scaled tables")
    void rotary(int heads, int headDim) {
        int[] positions = {4, 0, 4, 2, 1};
        int half = headDim / 2;
        Tensor cos = normal(13, 5, half); // any numbers do: the rotation need not keep lengths (YaRN scales it)
        Tensor sin = normal(14, 5, half);
        check(
                v -> Rotary.rotary(v[0], headDim, cos, sin, positions),
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
                Rotary.rotary(Var.constant(x), 6, cos, sin, positions),
                Rotary.rotary(dense(x), 6, cos.copy(), sin.copy(), positions));
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
