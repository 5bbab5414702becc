// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import static dev.jacobian.testing.Bits.assertBits;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Function;

/**
 * Holds an operation against a double-precision function written independently in the test: its value, and the gradient
 * of every input by central differences of that function.
 *
 * <p>Tolerance: {@value #TOLERANCE} of the largest element of the array under comparison (of 0.1 at least: inputs are of
 * order 1, and a gradient that vanishes is a difference of such numbers). F32 rounding is 6e-8 per
 * operation and the sums here are short; the differences themselves are exact to about 1e-9 (step {@value #STEP} in
 * double).
 */
final class GradientCheck {
    static final double TOLERANCE = 1e-5;
    private static final double STEP = 1e-5;

    private GradientCheck() {}

    /** The same function in plain double arithmetic: all inputs in, the output in row-major order. */
    @FunctionalInterface
    interface Oracle {
        double[] apply(double[][] inputs);
    }

    /** Normally distributed numbers. */
    static Tensor normal(long seed, int... extents) {
        SplittableRandom random = new SplittableRandom(seed);
        Tensor tensor = Tensor.zeros(extents);
        for (int i = 0; i < tensor.elements(); i++) {
            tensor.floats()[i] = (float) random.nextGaussian();
        }
        return tensor;
    }

    /** A parameter [n] of these numbers. */
    static Parameter numbers(float... values) {
        return matrix(new int[] {values.length}, values);
    }

    /** A parameter of these numbers in row-major order. */
    static Parameter matrix(int[] extents, float... values) {
        return Var.parameter("by hand", Tensor.of(values, extents));
    }

    /** The extents [rows, columns]. */
    static int[] by(int rows, int columns) {
        return new int[] {rows, columns};
    }

    /** Walks back from a result with the gradient {@code dOut}, in row-major order. */
    static void backward(Var result, float... dOut) {
        result.backward(Tensor.of(dOut, result.value().shape().toArray()));
    }

    /** Holds a value against numbers worked out by hand, in row-major order. */
    static void assertValue(Var result, double... expected) {
        assertClose("value", doubles(result.value()), expected);
    }

    /** Holds the gradient of a parameter against numbers worked out by hand, in row-major order. */
    static void assertGradient(Parameter parameter, double... expected) {
        assertClose("gradient", doubles(parameter.grad().orElseThrow()), expected);
    }

    static double[] doubles(Tensor tensor) {
        float[] values = tensor.toFloatArray();
        double[] wide = new double[values.length];
        Arrays.setAll(wide, i -> values[i]);
        return wide;
    }

    /** Checks value and gradients, that gradients add up, and that an input that needs none gets none. */
    static void check(Function<Var[], Var> operation, Oracle oracle, Tensor... inputs) {
        double[][] wide = Arrays.stream(inputs).map(GradientCheck::doubles).toArray(double[][]::new);
        Var[] parameters = parameters(inputs, -1);
        Var result = operation.apply(parameters);
        assertClose("value", doubles(result.value()), oracle.apply(wide));

        Tensor cotangent = normal(99, result.value().shape().toArray());
        double[] weights = doubles(cotangent);
        result.backward(cotangent);
        for (int i = 0; i < inputs.length; i++) {
            Tensor gradient = gradient(parameters[i]).orElseThrow();
            assertThat(gradient.shape()).isEqualTo(inputs[i].shape());
            assertClose("gradient of input " + i, doubles(gradient), differences(oracle, wide, i, weights));
            assertOnlyThisOne(operation, inputs, i, cotangent, gradient);
        }
        operation.apply(parameters).backward(cotangent);
        for (int i = 0; i < inputs.length; i++) {
            double[] twice = differences(oracle, wide, i, weights);
            Arrays.setAll(twice, e -> 2 * twice[e]);
            assertClose(
                    "accumulated gradient of input " + i,
                    doubles(gradient(parameters[i]).orElseThrow()),
                    twice);
        }
    }

    /** With a gradient wanted for one input only: the same bits for it, nothing for the others. */
    private static void assertOnlyThisOne(
            Function<Var[], Var> operation, Tensor[] inputs, int wanted, Tensor cotangent, Tensor expected) {
        Var[] mixed = parameters(inputs, wanted);
        operation.apply(mixed).backward(cotangent);
        for (int i = 0; i < mixed.length; i++) {
            if (i == wanted) {
                assertBits(
                        "gradient of input " + i + " alone",
                        gradient(mixed[i]).orElseThrow().toFloatArray(),
                        expected.toFloatArray());
            } else {
                assertThat(mixed[i].requiresGrad()).as("constant input %d", i).isFalse();
            }
        }
    }

    private static Optional<Tensor> gradient(Var input) {
        return ((Parameter) input).grad();
    }

    /** Variables of the inputs; all parameters, or only the one of that index. */
    private static Var[] parameters(Tensor[] inputs, int only) {
        Var[] variables = new Var[inputs.length];
        for (int i = 0; i < inputs.length; i++) {
            variables[i] = only < 0 || only == i
                    ? Var.parameter("input" + i, inputs[i].copy())
                    : Var.constant(inputs[i].copy());
        }
        return variables;
    }

    private static double[] differences(Oracle oracle, double[][] inputs, int input, double[] weights) {
        double[] gradient = new double[inputs[input].length];
        for (int e = 0; e < gradient.length; e++) {
            double value = inputs[input][e];
            inputs[input][e] = value + STEP;
            double above = dot(weights, oracle.apply(inputs));
            inputs[input][e] = value - STEP;
            double below = dot(weights, oracle.apply(inputs));
            inputs[input][e] = value;
            gradient[e] = (above - below) / (2 * STEP);
        }
        return gradient;
    }

    private static double dot(double[] x, double[] y) {
        assertThat(y).hasSameSizeAs(x);
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += x[i] * y[i];
        }
        return sum;
    }

    static void assertClose(String what, double[] actual, double[] expected) {
        assertClose(what, actual, expected, TOLERANCE);
    }

    static void assertClose(String what, double[] actual, double[] expected, double tolerance) {
        assertThat(actual).as(what).hasSameSizeAs(expected);
        double scale = Arrays.stream(expected).map(Math::abs).max().orElse(0);
        for (int i = 0; i < actual.length; i++) {
            if (!(Math.abs(actual[i] - expected[i]) <= tolerance * Math.max(scale, 0.1))) {
                throw new AssertionError(
                        what + "[" + i + "]: " + actual[i] + ", expected " + expected[i] + " (largest " + scale + ")");
            }
        }
    }
}
