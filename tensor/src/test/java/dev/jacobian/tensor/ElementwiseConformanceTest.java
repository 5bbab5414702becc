// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import static dev.jacobian.tensor.Numbers.normal;
import static dev.jacobian.tensor.Numbers.wild;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Everything but matrix products and attention, on the tested backend, against the reference, bit for bit. */
class ElementwiseConformanceTest {
    private static final int[] WIDTHS = {
        1, 2, 3, 4, 5, 7, 8, 12, 15, 16, 17, 24, 31, 32, 33, 48, 63, 64, 65, 80, 130, 257
    };

    private final Conformance conformance = new Conformance();
    private final Backend tested = conformance.tested;
    private final Backend reference = conformance.reference;
    private final int threads = ComputePool.threads();

    @AfterEach
    void restoreThreads() {
        ComputePool.setThreads(threads);
    }

    private void compare(String what, BiConsumer<Backend, Tensor[]> body, Tensor... outputs) {
        conformance.compare(what, body, outputs);
    }

    @Test
    void arithmetic() {
        Rng rng = new Rng(10, 0);
        for (int n = 0; n <= 140; n++) {
            Tensor x = wild(rng, n);
            Tensor y = wild(rng, n);
            compare("add " + n, (b, o) -> b.elementwise().add(x, y, o[0]), normal(rng, n));
            compare("multiply " + n, (b, o) -> b.elementwise().multiply(x, y, o[0]), normal(rng, n));
            compare("scale " + n, (b, o) -> b.elementwise().scale(x, 0.3f, o[0]), normal(rng, n));
            compare("addScaled " + n, (b, o) -> b.elementwise().addScaled(x, -1.7f, o[0]), wild(rng, n));
            compare("add in place " + n, (b, o) -> b.elementwise().add(o[0], y, o[0]), x);
            compare("scale in place " + n, (b, o) -> b.elementwise().scale(o[0], 3f, o[0]), x);
        }
    }

    @Test
    void rows() {
        Rng rng = new Rng(11, 0);
        for (int d : WIDTHS) {
            for (int n : new int[] {0, 1, 5, 19}) {
                Tensor x = wild(rng, n, d);
                Tensor row = wild(rng, d);
                compare("addRow " + n + "x" + d, (b, o) -> b.elementwise().addRow(x, row, o[0]), normal(rng, n, d));
                compare("sumRowsInto " + n + "x" + d, (b, o) -> b.elementwise().sumRowsInto(x, o[0]), normal(rng, d));
                int[] indices = new int[n];
                for (int i = 0; i < n; i++) {
                    indices[i] = rng.nextInt(6);
                }
                Tensor table = normal(rng, 6, d);
                compare("gatherRows", (b, o) -> b.rows().gatherRows(table, indices, o[0]), normal(rng, n, d));
                compare("scatterAddRows", (b, o) -> b.rows().scatterAddRows(x, indices, o[0]), normal(rng, 6, d));
            }
        }
    }

    @Test
    void sumOfSquares() {
        Rng rng = new Rng(12, 0);
        for (int n : new int[] {0, 1, 15, 16, 17, 100, 4095, 4096, 4097, 12_345, 300_001}) {
            Tensor x = normal(rng, n);
            assertThat(tested.elementwise().sumOfSquares(x))
                    .as("n = " + n)
                    .isEqualTo(reference.elementwise().sumOfSquares(x));
        }
    }

    @Test
    void sumOfSquaresOfManyTensors() {
        Rng rng = new Rng(12, 1);
        List<Tensor> tensors = new ArrayList<>();
        assertThat(tested.elementwise().sumOfSquares(tensors)).isZero();
        for (int n : new int[] {0, 0, 70_001, 1, 65_536, 0, 17, 4097}) {
            tensors.add(normal(rng, n));
            assertThat(tested.elementwise().sumOfSquares(tensors))
                    .as("%d tensors", tensors.size())
                    .isEqualTo(reference.elementwise().sumOfSquares(tensors));
        }
        for (int i = 0; i < 300; i++) {
            tensors.add(normal(rng, rng.nextInt(40)));
        }
        assertThat(tested.elementwise().sumOfSquares(tensors))
                .isEqualTo(reference.elementwise().sumOfSquares(tensors));
    }

    @Test
    void rmsNorm() {
        Rng rng = new Rng(13, 0);
        for (int d : WIDTHS) {
            for (int n : new int[] {0, 1, 6}) {
                for (boolean edges : new boolean[] {false, true}) {
                    Tensor x = edges ? wild(rng, n, d) : normal(rng, n, d);
                    Tensor weight = normal(rng, d);
                    Tensor dOut = edges ? wild(rng, n, d) : normal(rng, n, d);
                    String what = "rmsNorm " + n + "x" + d;
                    compare(
                            what,
                            (b, o) -> b.norms().rmsNorm(x, weight, 1e-5f, o[0], o[1]),
                            normal(rng, n, d),
                            normal(rng, n));
                    Tensor r = Tensor.zeros(n);
                    reference.norms().rmsNorm(x, weight, 1e-5f, Tensor.zeros(n, d), r);
                    compare(
                            what + " backward",
                            (b, o) -> b.norms().rmsNormBackward(dOut, x, weight, r, o[0], o[1]),
                            normal(rng, n, d),
                            normal(rng, d));
                    compare(
                            what + " backward, weight frozen",
                            (b, o) -> b.norms().rmsNormBackward(dOut, x, weight, r, o[0], null),
                            normal(rng, n, d));
                }
            }
        }
    }

    @Test
    void rotary() {
        Rng rng = new Rng(14, 0);
        for (int headDim : new int[] {2, 4, 6, 8, 16, 20, 32, 34, 64, 96, 128}) {
            int[] positions = {3, 0, 9, 9, 1};
            Tensor cos = normal(rng, 10, headDim / 2);
            Tensor sin = normal(rng, 10, headDim / 2);
            Tensor x = wild(rng, 5, 3 * headDim);
            for (boolean inverse : new boolean[] {false, true}) {
                compare(
                        "rotary in place " + headDim,
                        (b, o) -> b.positions()
                                .rotary(o[0], RotaryForm.whole(headDim), cos, sin, positions, inverse, o[0]),
                        x);
                compare(
                        "rotary " + headDim,
                        (b, o) ->
                                b.positions().rotary(x, RotaryForm.whole(headDim), cos, sin, positions, inverse, o[0]),
                        normal(rng, 5, 3 * headDim));
            }
        }
    }

    @Test
    void rotaryOfPartsAndNeighbours() {
        Rng rng = new Rng(24, 0);
        int[] positions = {3, 0, 9, 9, 1};
        for (int headDim : new int[] {2, 3, 7, 10, 16, 20, 33, 64, 96}) {
            for (int dimensions = 2; dimensions <= headDim; dimensions += dimensions < 8 ? 2 : 6) {
                Tensor cos = normal(rng, 10, dimensions / 2);
                Tensor sin = normal(rng, 10, dimensions / 2);
                Tensor x = wild(rng, 5, 3 * headDim);
                for (RotaryForm.Pairing pairing : RotaryForm.Pairing.values()) {
                    RotaryForm form = new RotaryForm(headDim, dimensions, pairing);
                    for (boolean inverse : new boolean[] {false, true}) {
                        compare(
                                form.toString(),
                                (b, o) -> b.positions().rotary(x, form, cos, sin, positions, inverse, o[0]),
                                normal(rng, 5, 3 * headDim));
                        compare(
                                "in place " + form,
                                (b, o) -> b.positions().rotary(o[0], form, cos, sin, positions, inverse, o[0]),
                                x);
                    }
                }
            }
        }
    }

    @Test
    void softCap() {
        Rng rng = new Rng(25, 0);
        for (float cap : new float[] {0.5f, 30f}) {
            for (int n = 0; n <= 70; n++) {
                softCap(wild(rng, n), wild(rng, n), cap);
            }
            for (int n : new int[] {255, 256, 257, 1000}) { // around the chunks that kernels handle at a time
                softCap(normal(rng, n), normal(rng, n), cap);
            }
        }
    }

    private void softCap(Tensor x, Tensor dOut, float cap) {
        String what = "softCap " + cap + " of " + x.elements();
        Tensor capped = Tensor.zeros(x.elements());
        reference.activations().softCap(x, cap, capped);
        compare(what, (b, o) -> b.activations().softCap(x, cap, o[0]), dOut);
        compare(what + " in place", (b, o) -> b.activations().softCap(o[0], cap, o[0]), x);
        compare(what + " backward", (b, o) -> b.activations().softCapBackward(dOut, capped, cap, o[0]), x);
        compare(what + " backward in place", (b, o) -> b.activations().softCapBackward(o[0], capped, cap, o[0]), dOut);
    }

    @Test
    void swiGlu() {
        Rng rng = new Rng(15, 0);
        for (int n = 0; n <= 70; n++) {
            Tensor gate = wild(rng, n);
            Tensor up = wild(rng, n);
            Tensor dOut = wild(rng, n);
            compare("swiGlu " + n, (b, o) -> b.activations().swiGlu(gate, up, o[0]), normal(rng, n));
            compare(
                    "swiGlu backward " + n,
                    (b, o) -> b.activations().swiGluBackward(dOut, gate, up, o[0], o[1]),
                    normal(rng, n),
                    normal(rng, n));
        }
    }

    @Test
    void copyHeads() {
        Rng rng = new Rng(60, 0);
        for (int count : new int[] {1, 3, 16, 33}) {
            for (int[] heads : new int[][] {{1, 1}, {4, 4}, {1, 5}, {5, 1}}) {
                for (int n : new int[] {0, 1, 19}) {
                    HeadRun source = new HeadRun(heads[0], count + 2, 1);
                    HeadRun target = new HeadRun(heads[1], count + 3, 2);
                    Tensor from = wild(rng, n, heads[0] * (count + 2));
                    compare(
                            n + " rows, " + source + " to " + target,
                            (b, o) -> b.rows().copyHeads(count, from, source, o[0], target),
                            normal(rng, n, heads[1] * (count + 3)));
                }
            }
        }
    }

    @Test
    void clampedSwiGlu() {
        Rng rng = new Rng(58, 0);
        for (int n = 0; n <= 70; n++) {
            for (boolean wild : new boolean[] {false, true}) {
                Tensor gate = wild ? wild(rng, n) : spread(rng, n);
                Tensor up = wild ? wild(rng, n) : spread(rng, n);
                Tensor dOut = normal(rng, n);
                compare("clamped " + n, (b, o) -> b.activations().clampedSwiGlu(gate, up, o[0]), normal(rng, n));
                compare(
                        "clamped backward " + n,
                        (b, o) -> b.activations().clampedSwiGluBackward(dOut, gate, up, o[0], o[1]),
                        normal(rng, n),
                        normal(rng, n));
            }
        }
    }

    /** Numbers on both sides of the clamp, and on it. */
    private static Tensor spread(Rng rng, int n) {
        Tensor x = normal(rng, n);
        for (int i = 0; i < n; i++) {
            x.floats()[i] = i % 7 == 3 ? (i % 2 == 0 ? 7f : -7f) : 6f * x.floats()[i];
        }
        return x;
    }

    @Test
    void exponentialOverItsWholeRange() {
        // silu(z) · 1 shows exp(−z) lane by lane; a sweep over all exponents, both signs
        int n = 1 << 16;
        float[] z = new float[n];
        for (int i = 0; i < n; i++) {
            z[i] = Float.intBitsToFloat(i << 16 | 0x5A5A);
        }
        Tensor gate = Tensor.of(z, n);
        Tensor one = Tensor.zeros(n);
        one.fill(1f);
        compare("sweep", (b, o) -> b.activations().swiGlu(gate, one, o[0]), Tensor.zeros(n));
    }

    @Test
    void logProbs() {
        Rng rng = new Rng(16, 0);
        for (int v : WIDTHS) {
            for (boolean edges : new boolean[] {false, true}) {
                int rows = rng.nextInt(6);
                Tensor logits = edges ? wild(rng, rows, v) : normal(rng, rows, v);
                int[] targets = new int[rows];
                for (int i = 0; i < rows; i++) {
                    targets[i] = rng.nextInt(v);
                }
                float inverse = rng.nextInt(2) == 0 ? 1f : 1.25f;
                String what = "logProbs " + rows + "x" + v;
                compare(
                        what,
                        (b, o) -> b.softmax().logProbs(logits, inverse, targets, o[0], o[1], o[2]),
                        Tensor.zeros(rows),
                        Tensor.zeros(rows),
                        Tensor.zeros(rows, 2));
                compare(
                        what + " without entropy",
                        (b, o) -> b.softmax().logProbs(logits, inverse, targets, o[0], null, o[1]),
                        Tensor.zeros(rows),
                        Tensor.zeros(rows, 2));
                compare("softmax", (b, o) -> b.softmax().softmax(logits, inverse, o[0]), normal(rng, rows, v));
                compare("softmax in place", (b, o) -> b.softmax().softmax(o[0], inverse, o[0]), logits);
                Tensor stats = Tensor.zeros(rows, 2);
                reference.softmax().logProbs(logits, inverse, targets, Tensor.zeros(rows), null, stats);
                Tensor dLogProbs = normal(rng, rows);
                compare(
                        what + " backward",
                        (b, o) -> b.softmax().logProbsBackward(o[0], inverse, targets, dLogProbs, stats),
                        logits);
            }
        }
    }

    @Test
    void adamW() {
        Rng rng = new Rng(17, 0);
        AdamWStep step = new AdamWStep(0.7f, 1f - 1e-3f * 0.1f, 0.9f, 0.95f, 0.01f, 1.3f, 1e-8f);
        for (int n = 0; n <= 70; n++) {
            Tensor gradient = n % 2 == 0 ? normal(rng, n) : wild(rng, n);
            Tensor v = normal(rng, n);
            for (int i = 0; i < n; i++) {
                v.floats()[v.offset() + i] = Math.abs(v.floats()[v.offset() + i]);
            }
            compare(
                    "adamW " + n,
                    (b, o) -> b.optimizer().adamW(o[0], gradient, o[1], o[2], step),
                    normal(rng, n),
                    normal(rng, n),
                    v);
        }
    }

    @Test
    void threadsDoNotChangeBits() {
        Rng rng = new Rng(18, 0);
        int n = 700;
        int d = 200;
        Tensor x = normal(rng, n, d);
        Tensor y = normal(rng, n, d);
        Tensor weight = normal(rng, d);
        Tensor r = Tensor.zeros(n);
        int[] rows = new int[n];
        for (int i = 0; i < n; i++) {
            rows[i] = rng.nextInt(50);
        }
        for (int count : new int[] {1, 2, 5}) {
            ComputePool.setThreads(count);
            String with = " with " + count + " threads";
            compare("add" + with, (b, o) -> b.elementwise().add(x, y, o[0]), x);
            compare("addRow" + with, (b, o) -> b.elementwise().addRow(x, weight, o[0]), x);
            compare("sumRowsInto" + with, (b, o) -> b.elementwise().sumRowsInto(x, o[0]), weight);
            compare("rmsNorm" + with, (b, o) -> b.norms().rmsNorm(x, weight, 1e-5f, o[0], o[1]), x, r);
            reference.norms().rmsNorm(x, weight, 1e-5f, Tensor.zeros(n, d), r);
            compare("backward" + with, (b, o) -> b.norms().rmsNormBackward(y, x, weight, r, o[0], o[1]), x, weight);
            compare("swiGlu" + with, (b, o) -> b.activations().swiGlu(x, y, o[0]), x);
            compare("swiGlu backward" + with, (b, o) -> b.activations().swiGluBackward(y, x, y, o[0], o[1]), x, x);
            compare("scatter" + with, (b, o) -> b.rows().scatterAddRows(x, rows, o[0]), normal(rng, 50, d));
            compare("softmax" + with, (b, o) -> b.softmax().softmax(x, 2f, o[0]), x);
            compare("gather" + with, (b, o) -> b.rows().gatherRows(x, rows, o[0]), x);
            compare(
                    "logProbs" + with,
                    (b, o) -> b.softmax().logProbs(x, 1f, rows, o[0], o[1], o[2]),
                    r,
                    r,
                    Tensor.zeros(n, 2));
        }
    }

    @Test
    void coldAndHotGiveTheSameBits() {
        Rng rng = new Rng(19, 0);
        Tensor x = normal(rng, 3, 45);
        Tensor y = normal(rng, 3, 45);
        Tensor weight = normal(rng, 45);
        int[] targets = {1, 44, 17};
        for (int call = 0; call < 12_000; call++) {
            if (call < 5 || call % 1000 == 0) {
                compare("rmsNorm", (b, o) -> b.norms().rmsNorm(x, weight, 1e-5f, o[0], o[1]), x, Tensor.zeros(3));
                compare("swiGlu", (b, o) -> b.activations().swiGlu(x, y, o[0]), x);
                compare(
                        "logProbs",
                        (b, o) -> b.softmax().logProbs(x, 1f, targets, o[0], o[1], o[2]),
                        Tensor.zeros(3),
                        Tensor.zeros(3),
                        Tensor.zeros(3, 2));
            } else {
                Tensor out = Tensor.zeros(3, 45);
                tested.norms().rmsNorm(x, weight, 1e-5f, out, Tensor.zeros(3));
                tested.activations().swiGlu(x, y, out);
                tested.softmax().logProbs(x, 1f, targets, Tensor.zeros(3), Tensor.zeros(3), Tensor.zeros(3, 2));
            }
        }
    }
}
