// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Elementwise;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.Reduction;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Optimizers against the published update rules in double precision. */
class OptimizersTest {
    private static float[] normal(long seed, int n) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static Parameter parameter(String name, float... values) {
        return Var.parameter(name, Tensor.of(values.clone(), values.length));
    }

    private static void gradient(Parameter parameter, float... values) {
        parameter.clearGrad();
        Reduction.weightedSum(parameter, values).backward();
    }

    @Test
    @DisplayName("the first AdamW step moves every element by the learning rate against its gradient's sign")
    void firstStep() {
        Parameter x = parameter("x", 0, 0, 0);
        gradient(x, 5, -1e-3f, 0);
        new AdamW(List.of(x), AdamWConfig.DEFAULT).step(0.1);
        assertThat(x.value().get(0)).isCloseTo(-0.1f, within(1e-6f));
        assertThat(x.value().get(1)).isCloseTo(0.1f, within(2e-6f));
        assertThat(x.value().get(2)).isZero();
    }

    @Test
    @DisplayName("by hand: gradients 1 and 3 with betas of a half: m/(1 - 1/4) = 7/3, v/(1 - 1/4) = 19/3")
    void twoStepsByHand() {
        Parameter x = parameter("x", 10);
        AdamW optimizer = new AdamW(List.of(x), new AdamWConfig(0.5, 0.5, 1e-12, 0));
        gradient(x, 1); // m = 1/2, v = 1/2; both divided by 1 - 1/2 are 1
        optimizer.step(1);
        assertThat(x.value().item()).isCloseTo(9, within(1e-6f));
        gradient(x, 3); // m = 1/4 + 3/2 = 7/4, v = 1/4 + 9/2 = 19/4
        optimizer.step(1);
        assertThat(x.value().item()).isCloseTo((float) (9 - 7 / 3.0 / Math.sqrt(19 / 3.0)), within(1e-6f));
    }

    @ParameterizedTest(name = "betas {0} {1}, epsilon {2}, decay {3}, scale {4}")
    @CsvSource({"0.9,0.999,1e-8,0,1", "0.9,0.95,1e-5,0.1,0.25", "0.5,0.5,1e-2,0.01,1", "0,0.9,1e-8,0,2"})
    @DisplayName("AdamW is Algorithm 2 of Loshchilov and Hutter, twenty steps, changing learning rate")
    void adamW(double beta1, double beta2, double epsilon, double decay, float scale) {
        int n = 37;
        float[] start = normal(1, n);
        Parameter x = parameter("x", start);
        AdamW optimizer = new AdamW(List.of(x), new AdamWConfig(beta1, beta2, epsilon, decay));
        double[] p = new double[n];
        double[] m = new double[n];
        double[] v = new double[n];
        for (int i = 0; i < n; i++) {
            p[i] = start[i];
        }
        for (int t = 1; t <= 20; t++) {
            double rate = 0.01 / t;
            float[] g = normal(100 + t, n);
            gradient(x, g);
            optimizer.step(rate, scale);
            for (int i = 0; i < n; i++) {
                double gradient = (double) g[i] * scale;
                m[i] = beta1 * m[i] + (1 - beta1) * gradient;
                v[i] = beta2 * v[i] + (1 - beta2) * gradient * gradient;
                double mHat = m[i] / (1 - Math.pow(beta1, t));
                double vHat = v[i] / (1 - Math.pow(beta2, t));
                p[i] -= rate * decay * p[i];
                p[i] -= rate * mHat / (Math.sqrt(vHat) + epsilon);
                assertThat((double) x.value().get(i))
                        .as("step %d element %d", t, i)
                        .isCloseTo(p[i], within(3e-6));
            }
        }
        assertThat(optimizer.steps()).isEqualTo(20);
    }

    @Test
    @DisplayName("a parameter without a gradient keeps its value and moments")
    void withoutGradient() {
        Parameter x = parameter("x", 1);
        Parameter y = parameter("y", 1);
        AdamW optimizer = new AdamW(List.of(x, y), AdamWConfig.DEFAULT.withWeightDecay(0.5));
        gradient(x, 1);
        optimizer.step(0.1);
        assertThat(y.value().item()).isEqualTo(1);
        assertThat(optimizer.state().get("v.y").item()).isZero();
        assertThat(x.value().item()).isNotEqualTo(1);
        optimizer.zeroGrad();
        assertThat(x.grad()).isEmpty();
    }

    @Test
    @DisplayName("a restored run continues with the same bits; a reset one starts anew")
    void restore() {
        int n = 33;
        Parameter x = parameter("x", normal(2, n));
        AdamW optimizer = new AdamW(List.of(x), AdamWConfig.DEFAULT.withWeightDecay(0.01));
        for (int t = 0; t < 5; t++) {
            gradient(x, normal(10 + t, n));
            optimizer.step(0.01);
        }
        Map<String, Tensor> saved = new LinkedHashMap<>();
        optimizer.state().forEach((name, tensor) -> saved.put(name, tensor.copy()));
        long steps = optimizer.steps();
        float[] middle = x.value().toFloatArray();
        for (int t = 5; t < 9; t++) {
            gradient(x, normal(10 + t, n));
            optimizer.step(0.01);
        }
        Parameter resumed = parameter("x", middle);
        AdamW second = new AdamW(List.of(resumed), AdamWConfig.DEFAULT.withWeightDecay(0.01));
        second.restore(saved, steps);
        for (int t = 5; t < 9; t++) {
            gradient(resumed, normal(10 + t, n));
            second.step(0.01);
        }
        assertThat(resumed.value().floats()).containsExactly(x.value().floats());
        second.state()
                .forEach((name, tensor) -> assertThat(tensor.floats())
                        .as(name)
                        .containsExactly(optimizer.state().get(name).floats()));

        optimizer.reset();
        assertThat(optimizer.steps()).isZero();
        Parameter fresh = parameter("x", x.value().toFloatArray());
        AdamW third = new AdamW(List.of(fresh), AdamWConfig.DEFAULT.withWeightDecay(0.01));
        gradient(x, normal(30, n));
        gradient(fresh, normal(30, n));
        optimizer.step(0.01);
        third.step(0.01);
        assertThat(x.value().floats()).containsExactly(fresh.value().floats());
    }

    @Test
    @DisplayName("state of another model is refused before anything is changed")
    void restoreRefuses() {
        Parameter x = parameter("x", 1, 2);
        Parameter y = parameter("y", 1);
        AdamW optimizer = new AdamW(List.of(x, y), AdamWConfig.DEFAULT);
        Map<String, Tensor> state = new LinkedHashMap<>();
        state.put("m.x", Tensor.of(new float[] {1, 1}, 2));
        state.put("v.x", Tensor.of(new float[] {1, 1}, 2));
        state.put("m.y", Tensor.of(new float[] {1}, 1));
        assertThatThrownBy(() -> optimizer.restore(state, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("v.y")
                .hasMessageContaining("missing");
        state.put("v.y", Tensor.zeros(2));
        assertThatThrownBy(() -> optimizer.restore(state, 3))
                .hasMessageContaining("v.y")
                .hasMessageContaining("[2]")
                .hasMessageContaining("[1]");
        assertThat(optimizer.steps()).isZero();
        assertThat(optimizer.state().get("m.x").floats()).containsExactly(0, 0);
    }

    @Test
    @DisplayName("bad hyper-parameters")
    void badConfig() {
        assertThatThrownBy(() -> new AdamWConfig(1, 0.9, 1e-8, 0)).hasMessageContaining("betas");
        assertThatThrownBy(() -> new AdamWConfig(0.9, -0.1, 1e-8, 0)).hasMessageContaining("betas");
        assertThatThrownBy(() -> new AdamWConfig(0.9, Double.NaN, 1e-8, 0)).hasMessageContaining("betas");
        assertThatThrownBy(() -> new AdamWConfig(0.9, 0.9, 0, 0)).hasMessageContaining("epsilon");
        assertThatThrownBy(() -> new AdamWConfig(0.9, 0.9, 1e-8, -1)).hasMessageContaining("weight decay");
    }

    @Test
    @DisplayName("two parameters of one name are refused: their moments would overwrite each other when saved")
    void sameName() {
        assertThatThrownBy(() -> new AdamW(List.of(parameter("x", 1), parameter("x", 2)), AdamWConfig.DEFAULT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'x'");
    }

    @Test
    @DisplayName("SGD")
    void sgd() {
        Parameter x = parameter("x", 1, 2);
        Parameter y = parameter("y", 3);
        gradient(x, 10, -20);
        new Sgd(List.of(x, y)).step(0.5, 0.1f);
        assertThat(x.value().floats()).containsExactly(0.5f, 3f);
        assertThat(y.value().item()).isEqualTo(3);
    }

    @Test
    @DisplayName("clipping measures the norm over all gradients and scales as torch does")
    void clipping() {
        Parameter x = parameter("x", 0, 0);
        Parameter y = parameter("y", 0);
        Parameter none = parameter("none", 0);
        gradient(x, 3, 0);
        gradient(y, 4);
        List<Parameter> all = List.of(x, y, none);
        assertThat(GradientClipping.measure(all, 0)).isEqualTo(new GradientClipping.Norm(5, 1));
        assertThat(GradientClipping.measure(all, 10)).isEqualTo(new GradientClipping.Norm(5, 1));
        assertThat(GradientClipping.measure(all, 1).scale()).isEqualTo((float) (1 / (5 + 1e-6)));
        assertThat(GradientClipping.measure(List.of(none), 1)).isEqualTo(new GradientClipping.Norm(0, 1));
        gradient(y, Float.NaN);
        assertThat(GradientClipping.measure(all, 1).norm()).isNaN();
        assertThatThrownBy(() -> GradientClipping.measure(all, -1)).hasMessageContaining("max norm");
        assertThatThrownBy(() -> GradientClipping.measure(all, Double.NaN)).hasMessageContaining("max norm");

        float[] big = normal(3, 10_000);
        Parameter long1 = parameter("long", new float[10_000]);
        gradient(long1, big);
        double squares = 0;
        for (float g : big) {
            squares += (double) g * g;
        }
        assertThat(GradientClipping.measure(List.of(long1), 0).norm())
                .isCloseTo(Math.sqrt(squares), within(1e-6 * Math.sqrt(squares)));
    }

    @Test
    @DisplayName("schedules: closed forms of transformers.get_scheduler")
    void schedules() {
        Schedule constant = new Schedule(Schedule.Kind.CONSTANT, 4, 10);
        Schedule linear = new Schedule(Schedule.Kind.LINEAR, 4, 10);
        Schedule cosine = new Schedule(Schedule.Kind.COSINE, 4, 10);
        for (Schedule schedule : List.of(constant, linear, cosine)) {
            assertThat(List.of(schedule.factor(0), schedule.factor(1), schedule.factor(3), schedule.factor(4)))
                    .as(schedule.toString())
                    .containsExactly(0.0, 0.25, 0.75, 1.0);
        }
        assertThat(constant.factor(100)).isEqualTo(1);
        assertThat(linear.factor(7)).isEqualTo(0.5);
        assertThat(linear.factor(10)).isZero();
        assertThat(linear.factor(11)).isZero();
        assertThat(cosine.factor(6)).isCloseTo(0.75, within(1e-15)); // (1 + cos(pi/3)) / 2
        assertThat(cosine.factor(7)).isCloseTo(0.5, within(1e-15));
        assertThat(cosine.factor(10)).isCloseTo(0, within(1e-15));
        assertThat(cosine.factor(12)).isCloseTo(0, within(1e-15));
        assertThat(Schedule.constant().factor(0)).isEqualTo(1);
        assertThat(new Schedule(Schedule.Kind.LINEAR, 5, 5).factor(5)).isEqualTo(1);
        assertThat(Schedule.Kind.parse("constant_with_warmup")).isEqualTo(Schedule.Kind.CONSTANT);
        assertThatThrownBy(() -> Schedule.Kind.parse("greedy")).hasMessageContaining("'greedy'");
        assertThatThrownBy(() -> new Schedule(Schedule.Kind.LINEAR, 6, 5)).hasMessageContaining("6 of 5");
        assertThatThrownBy(() -> new Schedule(Schedule.Kind.LINEAR, -1, 5)).hasMessageContaining("-1 of 5");
    }

    @Test
    @DisplayName("AdamW finds the minimum of a convex function")
    void converges() {
        Parameter x = parameter("x", 5, -7);
        Tensor goal = Tensor.of(new float[] {1, 2}, 2);
        AdamW optimizer = new AdamW(List.of(x), AdamWConfig.DEFAULT);
        Schedule schedule = new Schedule(Schedule.Kind.COSINE, 10, 600);
        for (int t = 0; t < 600; t++) {
            optimizer.zeroGrad();
            Var difference = Elementwise.subtract(x, Var.constant(goal));
            Reduction.sum(Elementwise.multiply(difference, difference)).backward();
            optimizer.step(0.1 * schedule.factor(t));
        }
        assertThat(x.value().get(0)).isCloseTo(1, within(5e-3f));
        assertThat(x.value().get(1)).isCloseTo(2, within(5e-3f));
    }
}
