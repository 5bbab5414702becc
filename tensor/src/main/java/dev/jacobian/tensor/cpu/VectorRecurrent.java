// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.DeltaForm;
import dev.jacobian.tensor.DeltaInputs;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cpu.Scratch.Slot;
import dev.jacobian.tensor.reference.ReferenceRecurrent;
import java.util.Arrays;
import java.util.List;

/**
 * Causal convolution by strips of channels, and the delta rule by heads: what a token leaves for the next is one thread's own. The
 * decay is the reference's loop.
 */
final class VectorRecurrent extends ReferenceRecurrent {
    /** Channels that are taken together: their taps and the rows under way lie in the first-level cache. */
    private static final int STRIP = 64;

    private static final float[] ZEROS = new float[STRIP];

    @Override
    public void convolution(
            Tensor x, Tensor weight, @Nullable Tensor bias, Segments segments, List<Tensor> states, Tensor out) {
        int channels = x.extent(1);
        int taps = weight.extent(2);
        Ranges.run(strips(channels), cost(segments.rows(), 2 * taps * STRIP), (from, to) -> {
            float[] columns = Scratch.current().get(Slot.TILE, taps * STRIP);
            for (int c = from * STRIP; c < Math.min(channels, to * STRIP); c += STRIP) {
                int n = Math.min(STRIP, channels - c);
                transpose(weight, c, n, columns);
                for (int s = 0; s < segments.count(); s++) {
                    for (int t = 0; t < segments.length(s); t++) {
                        int at = out.offset() + (segments.start(s) + t) * channels + c;
                        begin(bias, c, out.floats(), at, n);
                        for (int j = 0; j < taps; j++) {
                            add(columns, j, x, segments, states, s, t - taps + 1 + j, c, out.floats(), at, n);
                        }
                    }
                }
                for (int s = 0; s < states.size(); s++) {
                    remember(x, segments, s, states.get(s), c, n);
                }
            }
        });
    }

    private static int strips(int channels) {
        return Math.ceilDiv(channels, STRIP);
    }

    private static int cost(int rows, int perRow) {
        return (int) Math.min(Integer.MAX_VALUE, (long) rows * perRow);
    }

    /** Taps of a strip as [K, STRIP]. */
    private static void transpose(Tensor weight, int c, int n, float[] columns) {
        int taps = weight.extent(2);
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < taps; j++) {
                columns[j * STRIP + i] = weight.floats()[weight.offset() + (c + i) * taps + j];
            }
        }
    }

    private static void begin(@Nullable Tensor bias, int c, float[] out, int at, int n) {
        if (bias == null) {
            Arrays.fill(out, at, at + n, 0f);
        } else {
            System.arraycopy(bias.floats(), bias.offset() + c, out, at, n);
        }
    }

    /** Adds a tap times the row at an index in a segment, which is negative for rows before it. */
    private static void add(
            float[] columns,
            int j,
            Tensor x,
            Segments segments,
            List<Tensor> states,
            int s,
            int t,
            int c,
            float[] out,
            int at,
            int n) {
        int channels = x.extent(1);
        if (t < 0 && !states.isEmpty()) {
            Tensor before = states.get(s);
            int row = before.offset() + (before.extent(0) + t) * channels + c;
            VectorElementwise.addProduct(columns, j * STRIP, before.floats(), row, out, at, n);
        } else if (segments.history(s) + t < 0) {
            VectorElementwise.addProduct(columns, j * STRIP, ZEROS, 0, out, at, n);
        } else {
            int row = x.offset() + segments.row(s, segments.history(s) + t) * channels + c;
            VectorElementwise.addProduct(columns, j * STRIP, x.floats(), row, out, at, n);
        }
    }

    /** Moves the last rows of a segment into its state, in a strip. */
    private static void remember(Tensor x, Segments segments, int s, Tensor state, int c, int n) {
        int kept = state.extent(0);
        int channels = state.extent(1);
        for (int row = 0; row < kept; row++) {
            int t = segments.length(s) - kept + row;
            int to = state.offset() + row * channels + c;
            if (t < 0) {
                int from = state.offset() + (kept + t) * channels + c;
                System.arraycopy(state.floats(), from, state.floats(), to, n);
            } else {
                int from = x.offset() + (segments.start(s) + t) * channels + c;
                System.arraycopy(x.floats(), from, state.floats(), to, n);
            }
        }
    }

    @Override
    public void convolutionBackward(
            Tensor dOut, Tensor x, Tensor weight, Segments segments, Tensor dX, @Nullable Tensor dWeight) {
        int channels = x.extent(1);
        int taps = weight.extent(2);
        Ranges.run(strips(channels), cost(segments.rows(), 4 * taps * STRIP), (from, to) -> {
            float[] columns = Scratch.current().get(Slot.TILE, taps * STRIP);
            float[] sums = Scratch.current().get(Slot.SLOPES, taps * STRIP);
            for (int c = from * STRIP; c < Math.min(channels, to * STRIP); c += STRIP) {
                int n = Math.min(STRIP, channels - c);
                transpose(weight, c, n, columns);
                if (dWeight != null) {
                    transpose(dWeight, c, n, sums);
                }
                for (int row = 0; row < segments.rows(); row++) {
                    int at = dX.offset() + row * channels + c;
                    Arrays.fill(dX.floats(), at, at + n, 0f);
                }
                backward(dOut, x, columns, taps, segments, c, n, dX, dWeight == null ? null : sums);
                for (int i = 0; i < n && dWeight != null; i++) {
                    for (int j = 0; j < taps; j++) {
                        dWeight.floats()[dWeight.offset() + (c + i) * taps + j] = sums[j * STRIP + i];
                    }
                }
            }
        });
    }

    private static void backward(
            Tensor dOut,
            Tensor x,
            float[] columns,
            int taps,
            Segments segments,
            int c,
            int n,
            Tensor dX,
            float @Nullable [] sums) {
        int channels = x.extent(1);
        for (int s = 0; s < segments.count(); s++) {
            for (int t = 0; t < segments.length(s); t++) {
                int dAt = dOut.offset() + (segments.start(s) + t) * channels + c;
                for (int j = 0; j < taps; j++) {
                    int position = segments.history(s) + t - taps + 1 + j;
                    if (position < 0) {
                        continue;
                    }
                    int at = segments.row(s, position) * channels + c;
                    VectorElementwise.addProduct(
                            columns, j * STRIP, dOut.floats(), dAt, dX.floats(), dX.offset() + at, n);
                    if (sums != null) {
                        VectorElementwise.addProduct(
                                dOut.floats(), dAt, x.floats(), x.offset() + at, sums, j * STRIP, n);
                    }
                }
            }
        }
    }

    @Override
    public void deltaRule(DeltaInputs in, DeltaForm form, Segments segments, List<Tensor> states, Tensor out) {
        int[] places = states.isEmpty() ? places(segments) : new int[0];
        Ranges.run(form.heads(), cost(segments.rows(), 4 * form.stateSize()), (from, to) -> {
            for (int h = from; h < to; h++) {
                VectorDeltaRule.head(in, form, h, segments, states, places, out);
            }
        });
    }

    @Override
    public void deltaRuleBackward(
            Tensor dOut, DeltaInputs in, DeltaForm form, Segments segments, DeltaInputs gradients) {
        int[] places = places(segments);
        int perKey = form.headsPerKey();
        Ranges.run(form.keyHeads(), cost(segments.rows(), 16 * perKey * form.stateSize()), (from, to) -> {
            for (int keyHead = from; keyHead < to; keyHead++) {
                clear(gradients.q(), keyHead, form, segments.rows()); // heads that share one add to it
                clear(gradients.k(), keyHead, form, segments.rows());
                for (int h = keyHead * perKey; h < (keyHead + 1) * perKey; h++) {
                    VectorDeltaRuleBackward.head(dOut, in, form, h, segments, places, gradients);
                }
            }
        });
    }

    private static void clear(Tensor gradient, int keyHead, DeltaForm form, int rows) {
        for (int row = 0; row < rows; row++) {
            int at = gradient.offset() + (row * form.keyHeads() + keyHead) * form.keyDim();
            Arrays.fill(gradient.floats(), at, at + form.keyDim(), 0f);
        }
    }

    /**
     * Where the state of each segment is kept until those that continue it have begun: a number for each that is continued, and
     * the next number for all others.
     */
    private static int[] places(Segments segments) {
        int[] places = new int[segments.count()];
        Arrays.fill(places, -1);
        int kept = 0;
        for (int s = 0; s < places.length; s++) {
            int parent = segments.parent(s);
            if (parent >= 0 && places[parent] < 0) {
                places[parent] = kept++;
            }
        }
        for (int s = 0; s < places.length; s++) {
            places[s] = places[s] < 0 ? kept : places[s];
        }
        return places;
    }
}
