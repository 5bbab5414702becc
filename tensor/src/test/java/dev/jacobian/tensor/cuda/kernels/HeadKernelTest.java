// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static dev.jacobian.tensor.Numbers.normal;
import static dev.jacobian.tensor.Numbers.wild;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.emulation.EmulatedMemory;
import dev.jacobian.tensor.cuda.emulation.KernelTestBase;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Softmax over the vocabulary has the reference's bits; sampling chooses the tokens that the CPU chooses. */
class HeadKernelTest extends KernelTestBase {
    private static final int[] VOCABULARIES = {1, 2, 15, 16, 17, 255, 256, 1023, 1024, 1025, 2100, 5000};

    @Test
    void logProbsEntropyAndGradient() {
        for (DType type : TYPES) {
            for (int v : VOCABULARIES) {
                check(type, normal(rng, 5, v), v, 1f);
                check(type, normal(rng, 3, v), v, 1.7f);
            }
            check(type, wild(rng, 20, 700), 700, 0.5f);
        }
    }

    private void check(DType type, Tensor values, int v, float inverseTemperature) {
        Tensor logits = rounded(values, type); // [R, V]
        int rows = logits.extent(0);
        int[] targets = IntStream.range(0, rows).map(i -> rng.nextInt(v)).toArray();
        Tensor expected = Tensor.zeros(rows);
        Tensor expectedEntropy = Tensor.zeros(rows);
        Tensor expectedStats = Tensor.zeros(rows, 2);
        Tensor dLogProbs = normal(rng, rows);
        reference.softmax().logProbs(logits, inverseTemperature, targets, expected, expectedEntropy, expectedStats);
        Tensor gradient = logits.copy();
        reference.softmax().logProbsBackward(gradient, inverseTemperature, targets, dLogProbs, expectedStats);
        Tensor probabilities = Tensor.zeros(rows, v);
        reference.softmax().softmax(logits, inverseTemperature, probabilities);

        String what = "vocabulary " + v;
        EmulatedMemory deviceLogits = device.copy(logits, type);
        EmulatedMemory deviceTargets = device.copy(targets);
        EmulatedMemory logProbs = device.allocate(DType.F32, rows);
        EmulatedMemory entropy = device.allocate(DType.F32, rows);
        EmulatedMemory stats = device.allocate(DType.F32, 2 * rows);
        EmulatedMemory softmax = device.allocate(DType.F32, rows * v);
        device.launch("softmax" + suffix(type), rows, 1, 256, deviceLogits, v, inverseTemperature, softmax);
        assertSame(softmax, probabilities, DType.F32, "softmax, " + what);
        String kernel = "log_probs" + suffix(type);
        device.launch(kernel, rows, 1, 256, deviceLogits, v, inverseTemperature, deviceTargets, logProbs, null, stats);
        device.launch(
                kernel, rows, 1, 256, deviceLogits, v, inverseTemperature, deviceTargets, logProbs, entropy, stats);
        assertSame(stats, expectedStats, DType.F32, "stats, " + what);
        assertSame(logProbs, expected, DType.F32, "log-probabilities, " + what);
        assertSame(entropy, expectedEntropy, DType.F32, "entropy, " + what);
        device.launch(
                "log_probs_backward" + suffix(type),
                rows,
                1,
                256,
                deviceLogits,
                v,
                inverseTemperature,
                deviceTargets,
                device.copy(dLogProbs),
                stats);
        assertSame(deviceLogits, gradient, type, "gradient, " + what);
    }

    @Test
    void likeliestToken() {
        for (int v : VOCABULARIES) {
            Tensor logits = rounded(wild(rng, 6, v), DType.BF16); // so few significant bits that there are equals
            float[] row = logits.toFloatArray();
            int[] expected = new int[6];
            for (int r = 0; r < 6; r++) {
                for (int i = 1; i < v; i++) {
                    expected[r] = row[r * v + i] > row[r * v + expected[r]] ? i : expected[r];
                }
            }
            for (DType type : TYPES) {
                EmulatedMemory tokens = device.copy(new int[6]);
                device.launch("argmax" + suffix(type), 6, 1, 256, device.copy(logits, type), v, tokens);
                assertThat(tokens.readInts()).as("vocabulary %d", v).containsExactly(expected);
            }
        }
    }

    @Test
    void sampledToken() {
        long seed = 0x123456789ABCDEFL;
        for (DType type : TYPES) {
            for (int v : VOCABULARIES) {
                int rows = 12;
                Tensor logits = rounded(normal(rng, rows, v), type);
                Tensor probabilities = Tensor.zeros(rows, v);
                reference.softmax().softmax(logits, 1.3f, probabilities);
                int[] coordinates = new int[4 * rows];
                int[] expected = new int[rows];
                for (int r = 0; r < rows; r++) {
                    for (int c = 0; c < 4; c++) {
                        coordinates[4 * r + c] = (int) rng.nextLong();
                    }
                    float uniform = Rng.uniform(
                            seed,
                            coordinates[4 * r],
                            coordinates[4 * r + 1],
                            coordinates[4 * r + 2],
                            coordinates[4 * r + 3]);
                    expected[r] = draw(probabilities.floats(), r * v, v, uniform);
                }
                EmulatedMemory tokens = device.copy(new int[rows]);
                EmulatedMemory deviceLogits = device.copy(logits, type);
                device.launch(
                        "sample" + suffix(type),
                        rows,
                        1,
                        256,
                        deviceLogits,
                        v,
                        1.3f,
                        seed,
                        device.copy(coordinates),
                        tokens);
                assertThat(tokens.readInts()).as("vocabulary %d, %s", v, type).containsExactly(expected);
            }
        }
    }

    /** The sampler's rule: the first token whose cumulative probability is above the number. */
    private static int draw(float[] probabilities, int from, int n, float uniform) {
        double cumulative = 0;
        int last = 0;
        for (int i = 0; i < n; i++) {
            cumulative += probabilities[from + i];
            last = probabilities[from + i] > 0 ? i : last;
            if (probabilities[from + i] > 0 && uniform < cumulative) {
                return i;
            }
        }
        return last;
    }
}
