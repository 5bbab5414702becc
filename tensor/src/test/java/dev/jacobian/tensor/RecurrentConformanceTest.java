// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import static dev.jacobian.tensor.Numbers.normal;
import static dev.jacobian.tensor.Numbers.wild;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Convolution, decay, delta rule and their gradients on the tested backend, against the reference, bit for bit. */
class RecurrentConformanceTest {
    /** Alone, packed, empty segments, a prompt and its continuations, continuations of continuations, longer than is kept. */
    private static final List<Segments> BATCHES = List.of(
            Segments.of(),
            Segments.of(1),
            Segments.of(5, 0, 2),
            Segments.of(new int[] {3, 2, 0, 7, 1}, new int[] {-1, 0, 0, 0, -1}),
            Segments.of(new int[] {2, 1, 3, 0, 4, 2, 1}, new int[] {-1, 0, 1, 1, 3, -1, 3}),
            Segments.of(new int[] {70, 33, 32, 64}, new int[] {-1, 0, 1, 0}));

    private final Conformance conformance = new Conformance();
    private final int threads = ComputePool.threads();

    @BeforeEach
    void onlyWhereTheyAre() {
        assumeTrue(TestedBackend.isCpu(), "layers that carry a state are not computed on a GPU yet");
    }

    @AfterEach
    void restoreThreads() {
        ComputePool.setThreads(threads);
    }

    @Test
    @DisplayName("convolution of every width, kernel and batch")
    void convolution() {
        Rng rng = new Rng(61, 0);
        for (int channels : new int[] {1, 3, 8, 17, 63, 64, 65, 130}) {
            for (int taps : new int[] {1, 2, 3, 4}) {
                for (Segments segments : BATCHES) {
                    convolution(channels, taps, segments, rng);
                }
            }
        }
    }

    private void convolution(int channels, int taps, Segments segments, Rng rng) {
        int n = segments.rows();
        String what = "convolution " + n + "x" + channels + ", kernel " + taps;
        Tensor weight = normal(rng, channels, 1, taps);
        Tensor bias = normal(rng, channels);
        for (Tensor x : new Tensor[] {normal(rng, n, channels), wild(rng, n, channels)}) {
            Tensor dOut = wild(rng, n, channels);
            for (Tensor shift : new Tensor[] {bias, null}) {
                conformance.compare(
                        what,
                        (b, o) -> b.recurrent().convolution(x, weight, shift, segments, List.of(), o[0]),
                        normal(rng, n, channels));
            }
            conformance.compare(
                    what + " backward",
                    (b, o) -> b.recurrent().convolutionBackward(dOut, x, weight, segments, o[0], o[1]),
                    normal(rng, n, channels),
                    normal(rng, channels, 1, taps));
            conformance.compare(
                    what + " backward, weight frozen",
                    (b, o) -> b.recurrent().convolutionBackward(dOut, x, weight, segments, o[0], null),
                    normal(rng, n, channels));
            List<Tensor> outputs = new ArrayList<>(List.of(normal(rng, n, channels)));
            for (int s = 0; s < segments.count(); s++) {
                outputs.add(normal(rng, taps - 1, channels));
            }
            conformance.compare(
                    what + " continued",
                    (b, o) -> b.recurrent()
                            .convolution(x, weight, bias, segments, List.of(o).subList(1, o.length), o[0]),
                    outputs.toArray(Tensor[]::new));
        }
    }

    @Test
    void decay() {
        Rng rng = new Rng(62, 0);
        for (int heads : new int[] {1, 4, 33}) {
            Tensor x = wild(rng, 9, heads);
            Tensor rate = normal(rng, heads);
            Tensor bias = normal(rng, heads);
            conformance.compare("decay", (b, o) -> b.recurrent().decay(x, rate, bias, o[0]), normal(rng, 9, heads));
            Tensor out = normal(rng, 9, heads);
            Tensor dOut = wild(rng, 9, heads);
            conformance.compare(
                    "decay backward",
                    (b, o) -> b.recurrent().decayBackward(dOut, x, rate, bias, out, o[0], o[1]),
                    normal(rng, 9, heads),
                    normal(rng, heads));
        }
    }

    @Test
    @DisplayName("delta rule of every width of values and batch")
    void deltaRule() {
        Rng rng = new Rng(63, 0);
        for (int width : new int[] {1, 3, 4, 7, 8, 15, 16, 17, 31, 33, 64, 66, 87}) {
            for (Segments segments : BATCHES) {
                deltaRule(new DeltaForm(1, 1, 5, width), segments, rng);
            }
        }
        for (Segments segments : BATCHES) {
            deltaRule(new DeltaForm(2, 6, 8, 10), segments, rng);
            deltaRule(new DeltaForm(3, 3, 1, 20), segments, rng);
        }
    }

    @Test
    void threadsDoNotChangeBits() {
        Rng rng = new Rng(64, 0);
        for (int count : new int[] {1, 2, 5}) {
            ComputePool.setThreads(count);
            deltaRule(new DeltaForm(4, 8, 16, 24), BATCHES.getLast(), rng);
            convolution(600, 4, BATCHES.getLast(), rng);
        }
    }

    private void deltaRule(DeltaForm form, Segments segments, Rng rng) {
        int n = segments.rows();
        int keys = form.keyHeads() * form.keyDim();
        int values = form.heads() * form.valueDim();
        DeltaInputs in = new DeltaInputs(
                normal(rng, n, keys),
                small(rng, n, keys),
                normal(rng, n, values),
                small(rng, n, form.heads()),
                small(rng, n, form.heads()));
        Tensor dOut = normal(rng, n, values);
        String what = "delta rule " + form + " of " + n + " rows";
        conformance.compare(
                what, (b, o) -> b.recurrent().deltaRule(in, form, segments, List.of(), o[0]), normal(rng, n, values));
        conformance.compare(
                what + " backward",
                (b, o) -> b.recurrent()
                        .deltaRuleBackward(dOut, in, form, segments, new DeltaInputs(o[0], o[1], o[2], o[3], o[4])),
                normal(rng, n, keys),
                normal(rng, n, keys),
                normal(rng, n, values),
                normal(rng, n, form.heads()),
                normal(rng, n, form.heads()));
        List<Tensor> outputs = new ArrayList<>(List.of(normal(rng, n, values)));
        for (int s = 0; s < segments.count(); s++) {
            outputs.add(normal(rng, form.heads(), form.keyDim(), form.valueDim()));
        }
        conformance.compare(
                what + " continued",
                (b, o) -> b.recurrent().deltaRule(in, form, segments, List.of(o).subList(1, o.length), o[0]),
                outputs.toArray(Tensor[]::new));
    }

    /** Numbers between −1 and 1, so that states stay bounded. */
    private static Tensor small(Rng rng, int... extents) {
        Tensor x = normal(rng, extents);
        for (int i = 0; i < x.elements(); i++) {
            x.floats()[x.offset() + i] = (float) Math.tanh(x.floats()[x.offset() + i]);
        }
        return x;
    }
}
