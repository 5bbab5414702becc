// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.Rng;
import dev.jacobian.testing.Bits;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Each formula on numbers that a hand can follow, and what must hold of any. */
class MergeFormulasTest {
    private static final long SEED = 5;

    /** A tensor in memory. */
    private record Given(List<Source> models, Map<String, Double> parameters) implements MergedTensor {
        static Given of(Map<String, Double> parameters, Share... shares) {
            List<Source> models = new ArrayList<>();
            for (int i = 0; i < shares.length; i++) {
                models.add(new Placed(i, shares[i], parameters));
            }
            return new Given(models, parameters);
        }

        @Override
        public String name() {
            return "layer.weight";
        }

        @Override
        public int elements() {
            return models.getFirst().read().length;
        }

        @Override
        public double parameter(String name, double otherwise) {
            return parameters.getOrDefault(name, otherwise);
        }

        @Override
        public double parameter(String name) {
            if (!parameters.containsKey(name)) {
                throw new IllegalArgumentException("no " + name);
            }
            return parameters.get(name);
        }

        @Override
        public float uniform(int model, int element) {
            return Rng.uniform(SEED, element, 0, model, 0);
        }
    }

    private record Share(boolean isBase, float[] numbers, Map<String, Double> parameters) {}

    private record Placed(int place, Share share, Map<String, Double> all) implements MergedTensor.Source {
        @Override
        public boolean isBase() {
            return share.isBase();
        }

        @Override
        public float[] read() {
            return share.numbers().clone();
        }

        @Override
        public double parameter(String name, double otherwise) {
            return share.parameters().getOrDefault(name, all.getOrDefault(name, otherwise));
        }

        @Override
        public double parameter(String name) {
            double value = parameter(name, Double.NaN);
            if (Double.isNaN(value)) {
                throw new IllegalArgumentException("no " + name);
            }
            return value;
        }
    }

    private static Share base(float... numbers) {
        return new Share(true, numbers, Map.of());
    }

    private static Share model(double weight, float... numbers) {
        return new Share(false, numbers, Map.of("weight", weight));
    }

    private static Share sparse(double weight, double density, float... numbers) {
        return new Share(false, numbers, Map.of("weight", weight, "density", density));
    }

    private static float[] merge(String method, Given tensor) {
        MergeMethod chosen = MergeMethod.named(method);
        chosen.check(tensor);
        return chosen.merge(tensor);
    }

    private static float[] random(long seed, int n) {
        Rng rng = new Rng(seed, 1);
        float[] numbers = new float[n];
        for (int i = 0; i < n; i++) {
            numbers[i] = (float) rng.nextGaussian();
        }
        return numbers;
    }

    @Test
    @DisplayName("linear: (1·a + 3·b) / 4, or without the division")
    void linear() {
        Share a = model(1, 4, -8, 0);
        Share b = model(3, 0, 4, 1);
        assertThat(merge("linear", Given.of(Map.of(), a, b))).containsExactly(1, 1, 0.75f);
        assertThat(merge("linear", Given.of(Map.of("normalize", 0.0), a, b))).containsExactly(4, 4, 3);
    }

    @Test
    @DisplayName("linear with weights 1 and 0 is the first model bit for bit, zeros with a sign too")
    void oneAndZero() {
        float[] numbers = random(1, 100_000);
        numbers[7] = -0f;
        Bits.assertBits(
                "a", merge("linear", Given.of(Map.of(), model(1, numbers), model(0, random(2, 100_000)))), numbers);
        Bits.assertBits(
                "b", merge("linear", Given.of(Map.of(), model(0, random(2, 100_000)), model(1, numbers))), numbers);
    }

    @Test
    void weightsWithTheSumNoughtAreRefused() {
        assertThatThrownBy(() -> merge("linear", Given.of(Map.of(), model(1, 1f), model(-1, 2f))))
                .hasMessageContaining("sum 0");
        assertThat(merge("linear", Given.of(Map.of("normalize", 0.0), model(1, 1f), model(-1, 3f))))
                .containsExactly(-2);
    }

    @Test
    @DisplayName("slerp of (2, 0) and (0, 4) at 1/3: the angle is 90 degrees, so cos 30 and sin 30 of them")
    void slerp() {
        float[] merged = merge("slerp", Given.of(Map.of("t", 1.0 / 3), base(2, 0), model(1, 0, 4)));
        assertThat(merged[0]).isCloseTo((float) (2 * Math.cos(Math.PI / 6)), within(1e-6f));
        assertThat(merged[1]).isCloseTo(2f, within(1e-6f));
    }

    @Test
    void slerpEndsAtItsModelsAndGoesStraightBetweenParallelOnes() {
        float[] a = random(1, 40_000);
        float[] b = random(2, 40_000);
        a[3] = -0f;
        b[4] = -0f;
        Bits.assertBits("t = 0", merge("slerp", Given.of(Map.of("t", 0.0), base(a), model(1, b))), a);
        Bits.assertBits("t = 1", merge("slerp", Given.of(Map.of("t", 1.0), base(a), model(1, b))), b);
        Bits.assertBits("either order", merge("slerp", Given.of(Map.of("t", 0.0), model(1, b), base(a))), a);
        assertThat(merge("slerp", Given.of(Map.of("t", 0.25), base(1, 2), model(1, 2, 4))))
                .containsExactly(1.25f, 2.5f);
        assertThat(merge("slerp", Given.of(Map.of("t", 0.5), base(0, 0), model(1, 2, 4)))) // no direction: cos is 0
                .usingComparatorWithPrecision(1e-6f)
                .containsExactly((float) Math.sqrt(2), (float) (2 * Math.sqrt(2)));
        assertThatThrownBy(() -> merge("slerp", Given.of(Map.of("t", 1.5), base(1f), model(1, 2f))))
                .hasMessageContaining("0 to 1");
    }

    @Test
    @DisplayName("task arithmetic: base + lambda · (w₁ δ₁ + w₂ δ₂), divided by the weights if normalized")
    void taskArithmetic() {
        Share base = base(1, 1, 1);
        Share a = model(2, 2, 0, 1); // δ = 1, -1, 0
        Share b = model(-1, 3, 1, 0); // δ = 2, 0, -1
        assertThat(merge("task_arithmetic", Given.of(Map.of(), base, a, b))).containsExactly(1, -1, 2);
        assertThat(merge("task_arithmetic", Given.of(Map.of("lambda", 0.5), base, a, b)))
                .containsExactly(1, 0, 1.5f);
        assertThat(merge(
                        "task_arithmetic",
                        Given.of(Map.of("normalize", 1.0), base, model(2, 2, 0, 1), model(2, 3, 1, 0))))
                .containsExactly(2.5f, 0.5f, 0.5f);
    }

    @Test
    @DisplayName("TIES: the largest half of each change, the sign of the sum, the weighted mean of those that agree")
    void ties() {
        Share base = base(0, 0, 0, 0);
        Share a = sparse(1, 0.5, 4, 0.5f, -3, 1); // keeps 4 and -3
        Share b = sparse(3, 0.5, -1, 2, 0.25f, 5); // keeps 2 and 5; D = 6, 15
        assertThat(merge("ties", Given.of(Map.of(), base, a, b))).containsExactly(4, 2, -3, 5);
        Share c = sparse(1, 1, 4, 0, 2, 1);
        Share d = sparse(3, 1, -1, 2, 2, -1); // D = -3, 6, 6, -3 against 4, 0, 2, 1
        assertThat(merge("ties", Given.of(Map.of(), base, c, d))).containsExactly(4, 2, 2, -1);
        assertThat(merge("ties", Given.of(Map.of("normalize", 0.0), base, c, d)))
                .containsExactly(4, 6, 8, -3);
    }

    @Test
    @DisplayName("TIES with density 1 and one model is the model")
    void tiesOfOne() {
        float[] model = {1.5f, -2.25f, 0, 8, 3};
        assertThat(merge("ties", Given.of(Map.of(), base(1, 1, 0, 0.5f, 3), sparse(0.7, 1, model))))
                .usingComparatorWithPrecision(1e-6f)
                .containsExactly(model);
        assertThat(merge("ties", Given.of(Map.of(), base(1, 1, 0, 0.5f, 3), sparse(1, 1, model))))
                .containsExactly(model);
    }

    @Test
    @DisplayName("what stays is the floor of density · n largest, of equal ones the first, as sorting finds them")
    void largest() {
        for (int trial = 0; trial < 50; trial++) {
            float[] numbers = random(trial, 200);
            for (int i = 0; i < numbers.length; i += 1 + trial % 5) {
                numbers[i] = Math.round(numbers[i] * 2) / 2f; // many of one magnitude
            }
            double density = 0.02 * (trial + 1) / 1.01;
            int kept = (int) (density * numbers.length);
            Integer[] order = new Integer[numbers.length];
            Arrays.setAll(order, i -> i);
            Arrays.sort(order, (i, j) -> Float.compare(Math.abs(numbers[j]), Math.abs(numbers[i])));
            float[] expected = new float[numbers.length];
            Arrays.stream(order).limit(kept).forEach(i -> expected[i] = numbers[i]);
            float[] actual = numbers.clone();
            Sparsifier.MAGNITUDE.apply(actual, density, Given.of(Map.of(), base(numbers)), 0);
            assertThat(actual).as("trial %d", trial).isEqualTo(expected);
        }
        assertThatThrownBy(() -> merge("ties", Given.of(Map.of(), base(1, 2), sparse(1, 0.4, 3, 4))))
                .hasMessageContaining("keeps none of the 2 elements");
    }

    @Test
    @DisplayName("DARE keeps what the seed says and gives it the magnitude of all; its share is the density")
    void dare() {
        int n = 100_000;
        float[] base = random(1, n);
        float[] other = random(2, n);
        Given tensor = Given.of(Map.of(), base(base), sparse(1, 0.3, other));
        float[] merged = merge("dare_linear", tensor);
        double all = 0;
        double stays = 0;
        int kept = 0;
        for (int i = 0; i < n; i++) {
            float delta = other[i] - base[i];
            boolean isKept = tensor.uniform(1, i) < 0.3;
            all += Math.abs(delta);
            stays += isKept ? Math.abs(delta) : 0;
            kept += isKept ? 1 : 0;
        }
        assertThat(kept / (double) n).isCloseTo(0.3, within(0.005));
        for (int i = 0; i < n; i++) {
            float delta = tensor.uniform(1, i) < 0.3 ? (float) ((other[i] - base[i]) * (all / stays)) : 0;
            assertThat(merged[i]).isCloseTo(base[i] + delta, within(1e-5f));
        }
        Bits.assertBits("again", merge("dare_linear", tensor), merged);
        Bits.assertBits("one model: signs always agree", merge("dare_ties", tensor), merged);
        assertThat(merge("dare_linear", Given.of(Map.of("rescale", 0.0), base(base), sparse(1, 0.3, other))))
                .isNotEqualTo(merged);
    }

    @Test
    @DisplayName("DARE with density 1 is task arithmetic, and DARE with TIES its signs")
    void dareOfAll() {
        Share base = base(random(1, 1000));
        Share a = sparse(0.5, 1, random(2, 1000));
        Share b = sparse(2, 1, random(3, 1000));
        Bits.assertBits(
                "linear",
                merge("dare_linear", Given.of(Map.of(), base, a, b)),
                merge("task_arithmetic", Given.of(Map.of(), base, a, b)));
        Bits.assertBits(
                "ties",
                merge("dare_ties", Given.of(Map.of(), base, a, b)),
                merge("ties", Given.of(Map.of("normalize", 0.0), base, a, b)));
    }

    @Test
    void theNumberOfThreadsChangesNoBit() {
        float[] base = random(1, 100_003);
        float[] a = random(2, 100_003);
        float[] b = random(3, 100_003);
        int threads = ComputePool.threads();
        for (MergeMethod method : MergeMethod.all()) {
            Given tensor = method.name().equals("slerp")
                    ? Given.of(Map.of("t", 0.4), base(base), model(1, a))
                    : Given.of(Map.of(), base(base), sparse(0.7, 0.6, a), sparse(1.1, 0.4, b));
            if (method.name().equals("linear")) {
                tensor = Given.of(Map.of(), model(1, base), model(0.5, a), model(0.3, b));
            }
            try {
                ComputePool.setThreads(1);
                float[] alone = merge(method.name(), tensor);
                ComputePool.setThreads(3);
                Bits.assertBits(method.name(), merge(method.name(), tensor), alone);
            } finally {
                ComputePool.setThreads(threads);
            }
        }
    }
}
