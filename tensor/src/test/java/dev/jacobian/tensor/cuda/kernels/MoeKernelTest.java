// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static dev.jacobian.tensor.Numbers.normal;
import static dev.jacobian.tensor.Numbers.wild;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.emulation.EmulatedMemory;
import dev.jacobian.tensor.cuda.emulation.KernelTestBase;
import dev.jacobian.tensor.reference.Exp;
import dev.jacobian.tensor.reference.FixedSum;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Routing, sorting by expert and combining, against plain loops. */
class MoeKernelTest extends KernelTestBase {
    private record Route(int[] chosen, float[] weights) {}

    private static Route route(float[] logits, int k, boolean normalize) {
        int experts = logits.length;
        float max = Float.NEGATIVE_INFINITY;
        for (float x : logits) {
            max = Math.max(max, x);
        }
        float[] e = new float[experts];
        for (int i = 0; i < experts; i++) {
            e[i] = Exp.exp(logits[i] - max);
        }
        float inverse = 1f / FixedSum.sum(e, 0, experts);
        int[] chosen = IntStream.range(0, experts)
                .boxed()
                .sorted(Comparator.comparing((Integer i) -> -(logits[i] + 0f))) // stable: of equals the lower one
                .mapToInt(i -> i)
                .limit(k)
                .toArray();
        float[] weights = new float[k];
        float sum = 0;
        for (int slot = 0; slot < k; slot++) {
            weights[slot] = e[chosen[slot]] * inverse;
            sum += weights[slot];
        }
        for (int slot = 0; slot < k && normalize; slot++) {
            weights[slot] /= sum;
        }
        return new Route(chosen, weights);
    }

    /** BF16 logits, so that there are equals. */
    @Test
    void routing() {
        for (int experts : new int[] {1, 2, 8, 15, 60, 128, 256}) {
            for (int k : new int[] {1, 2, 8}) {
                for (boolean normalize : new boolean[] {false, true}) {
                    int n = 19;
                    int slots = Math.min(k, experts);
                    Tensor logits = rounded(normal(rng, n, experts), DType.BF16); // [N, E]
                    for (int i = 0; i < n; i++) {
                        logits.floats()[i * experts + rng.nextInt(experts)] = 0;
                        logits.floats()[i * experts + rng.nextInt(experts)] = -0f;
                    }
                    check(logits, slots, normalize);
                }
            }
        }
    }

    private void check(Tensor logits, int k, boolean normalize) {
        int n = logits.extent(0);
        int experts = logits.extent(1);
        int[] expected = new int[n * k];
        Tensor expectedWeights = Tensor.zeros(n, k);
        for (int i = 0; i < n; i++) {
            Route route = route(logits.slice(0, i, i + 1).toFloatArray(), k, normalize);
            System.arraycopy(route.chosen, 0, expected, i * k, k);
            System.arraycopy(route.weights, 0, expectedWeights.floats(), i * k, k);
        }
        EmulatedMemory chosen = device.copy(new int[n * k]);
        EmulatedMemory weights = device.allocate(DType.F32, n * k);
        EmulatedMemory deviceLogits = device.copy(logits);
        int flag = normalize ? 1 : 0;
        device.launch("moe_route_f32", blocks(n, 16), 1, 256, deviceLogits, n, experts, k, flag, chosen, weights);
        String what = experts + " experts, top " + k;
        assertThat(chosen.readInts()).as(what).containsExactly(expected);
        assertSame(weights, expectedWeights, DType.F32, what);

        Tensor dWeights = normal(rng, n, k);
        EmulatedMemory dLogits = device.allocate(DType.F32, n * experts);
        device.launch(
                "moe_route_backward_f32",
                blocks(n, 16),
                1,
                256,
                deviceLogits,
                chosen,
                device.copy(dWeights),
                n,
                experts,
                k,
                flag,
                dLogits);
        float[] actual = dLogits.read(n, experts).toFloatArray();
        for (int i = 0; i < n; i++) {
            double[] gradient = routeGradient(
                    logits.slice(0, i, i + 1).toFloatArray(),
                    Arrays.copyOfRange(expected, i * k, (i + 1) * k),
                    dWeights.slice(0, i, i + 1).toFloatArray(),
                    normalize);
            for (int j = 0; j < experts; j++) {
                // probabilities have a relative error of experts / 16 + 8 roundings; a sum over k slots follows, of
                // terms below 5
                assertThat((double) actual[i * experts + j])
                        .as("gradient, %s", what)
                        .isCloseTo(gradient[j], offset((experts / 16 + 8 + k) * 10 * 0x1p-24));
            }
        }
    }

    /** Σ over slots of dw · ∂w/∂logit, from the Jacobian of the softmax over all, or over the chosen. */
    private static double[] routeGradient(float[] logits, int[] chosen, float[] dWeights, boolean normalize) {
        int experts = logits.length;
        boolean[] counts = new boolean[experts];
        Arrays.fill(counts, !normalize);
        for (int expert : chosen) {
            counts[expert] = true;
        }
        double[] p = new double[experts];
        double sum = 0;
        for (int j = 0; j < experts; j++) {
            p[j] = counts[j] ? Math.exp(logits[j]) : 0;
            sum += p[j];
        }
        double[] gradient = new double[experts];
        for (int j = 0; j < experts; j++) {
            for (int slot = 0; slot < chosen.length; slot++) {
                double w = p[chosen[slot]] / sum;
                gradient[j] += dWeights[slot] * w * ((chosen[slot] == j ? 1 : 0) - p[j] / sum);
            }
        }
        return gradient;
    }

    /** Not a number: the experts are still different ones within range. */
    @Test
    void routingOfWildLogits() {
        int n = 40;
        int experts = 12;
        EmulatedMemory chosen = device.copy(new int[n * 4]);
        EmulatedMemory weights = device.allocate(DType.F32, n * 4);
        device.launch(
                "moe_route_f32", 3, 1, 256, device.copy(wild(rng, n, experts)), n, experts, 4, 1, chosen, weights);
        for (int i = 0; i < n; i++) {
            int[] ofToken = Arrays.copyOfRange(chosen.readInts(), 4 * i, 4 * i + 4);
            assertThat(ofToken).doesNotHaveDuplicates();
            assertThat(Arrays.stream(ofToken)).allMatch(expert -> expert >= 0 && expert < experts);
        }
    }

    @Test
    void sortingAndCombining() {
        for (DType type : TYPES) {
            check(type, 1, 1, 1);
            check(type, 7, 3, 2);
            check(type, 300, 64, 4);
            check(type, 700, 256, 3);
            check(type, 515, 5, 2);
        }
    }

    private void check(DType type, int n, int experts, int k) {
        int pairs = n * k;
        int d = 20;
        int[] chosen = IntStream.range(0, pairs).map(i -> rng.nextInt(experts)).toArray();
        int[] sorted = IntStream.range(0, pairs)
                .boxed()
                .sorted(Comparator.comparing(pair -> chosen[pair])) // stable
                .mapToInt(i -> i)
                .toArray();
        ExpertRows rows = ExpertRows.of(device, chosen, experts, k);
        int[] offsets = new int[experts + 1];
        for (int expert : chosen) {
            offsets[expert + 1]++;
        }
        Arrays.parallelPrefix(offsets, Integer::sum);
        int[] expectedRow = new int[pairs];
        for (int row = 0; row < pairs; row++) {
            expectedRow[sorted[row]] = row;
        }
        String what = n + " tokens, " + experts + " experts, top " + k;
        assertThat(rows.offsets().readInts()).as(what).containsExactly(offsets);
        assertThat(rows.rowOfPair().readInts()).as(what).containsExactly(expectedRow);
        assertThat(rows.tokenOfRow().readInts())
                .as(what)
                .containsExactly(Arrays.stream(sorted).map(pair -> pair / k).toArray());
        assertThat(rows.tiles().readInts()).as(what).containsExactly(tiles(offsets, rows.maxTiles()));

        Tensor x = rounded(normal(rng, pairs, d), type); // [P, D], a row per row
        Tensor weights = normal(rng, pairs);
        Tensor dOut = rounded(normal(rng, n, d), type); // [N, D]
        Tensor combined = Tensor.zeros(n, d);
        Tensor summed = Tensor.zeros(n, d);
        Tensor dRows = Tensor.zeros(pairs, d);
        Tensor dWeights = Tensor.zeros(pairs);
        for (int pair = 0; pair < pairs; pair++) {
            int row = expectedRow[pair];
            float[] values = x.slice(0, row, row + 1).toFloatArray();
            float[] gradient = dOut.slice(0, pair / k, pair / k + 1).toFloatArray();
            float weight = weights.get(pair);
            for (int i = 0; i < d; i++) {
                int at = pair / k * d + i;
                combined.floats()[at] = Math.fma(weight, values[i], combined.floats()[at]);
                summed.floats()[at] += values[i];
                dRows.floats()[row * d + i] = weight * gradient[i];
            }
            dWeights.floats()[pair] = FixedSum.dot(gradient, 0, values, 0, d);
        }
        EmulatedMemory deviceX = device.copy(x, type);
        EmulatedMemory deviceWeights = device.copy(weights);
        EmulatedMemory out = device.allocate(type, n * d);
        String combine = "moe_combine" + suffix(type);
        device.launch(combine, n, 1, 256, deviceX, rows.rowOfPair(), deviceWeights, k, d, out);
        assertSame(out, combined, type, "combined, " + what);
        device.launch(combine, n, 1, 256, deviceX, rows.rowOfPair(), null, k, d, out);
        assertSame(out, summed, type, "summed, " + what);
        EmulatedMemory deviceDWeights = device.allocate(DType.F32, pairs);
        device.launch(
                "moe_combine_backward" + suffix(type),
                blocks(pairs, 16),
                1,
                256,
                device.copy(dOut, type),
                deviceX,
                rows.rowOfPair(),
                deviceWeights,
                pairs,
                k,
                d,
                deviceX,
                deviceDWeights);
        assertSame(deviceX, dRows, type, "dRows, " + what);
        assertSame(deviceDWeights, dWeights, DType.F32, "dWeights, " + what);
    }

    private static int[] tiles(int[] offsets, int maxTiles) {
        int[] tiles = new int[2 * maxTiles];
        Arrays.fill(tiles, -1);
        int next = 0;
        for (int expert = 0; expert + 1 < offsets.length; expert++) {
            for (int row = offsets[expert]; row < offsets[expert + 1]; row += 64) {
                tiles[next++] = expert;
                tiles[next++] = row;
            }
        }
        return tiles;
    }
}
