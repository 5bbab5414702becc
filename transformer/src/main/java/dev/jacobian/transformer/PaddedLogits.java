// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.TokenLogProbs.Measure;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.CarriedStates;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * The mean of the logits over the vocabulary at every place of a rectangle: sequences with padding behind them up to the longest, as
 * transformers computes a batch.
 *
 * <p>Nothing is padded in this project, and what padding makes of a model is of no use. But metrics of other trainers are means
 * over such rectangles, and whoever compares runs with theirs needs their number.
 *
 * <p>Padding stands behind its sequence and is turned by its own position; it sees the sequence, and neither itself nor other
 * padding. Layers with a window show it what they show the last token.
 */
public final class PaddedLogits {
    private final CausalLM model;
    private final int padding;

    /** @param padding the token that stands behind shorter sequences */
    public PaddedLogits(CausalLM model, int padding) {
        this.model = model;
        this.padding = padding;
    }

    /** Whether a model's layers let padding look on: attention does, layers that carry a state from token to token do not. */
    public static boolean isKnownFor(CausalLM model) {
        return model.config().plan().layers().stream()
                .noneMatch(layer -> layer.mixer().cached() instanceof CarriedStates);
    }

    /**
     * Mean logits, without gradient.
     *
     * @param sequences each of at least one token
     * @param length of the rectangle, at least that of the longest sequence
     * @param limit rows that one pass holds; a sequence with its padding may exceed it alone
     * @return [S][length]
     */
    public float[][] means(List<int[]> sequences, int length, int limit) {
        float[][] means = new float[sequences.size()][];
        int together = Math.max(1, limit / length);
        for (int from = 0; from < means.length; from += together) {
            List<int[]> some = sequences.subList(from, Math.min(means.length, from + together));
            float[][] rows = Workspace.currentOrNew().compute(() -> NoGrad.compute(() -> rectangle(some, length)));
            System.arraycopy(rows, 0, means, from, rows.length);
        }
        return means;
    }

    /** All tokens but the last of each sequence, then the last ones with the padding that looks on. */
    private float[][] rectangle(List<int[]> sequences, int length) {
        int count = sequences.size();
        float[][] means = new float[count][length];
        KvCache cache = model.newKvCache();
        int[] handles = new int[count];
        Arrays.setAll(handles, s -> cache.add());
        beginnings(sequences, cache, handles, means);
        List<int[]> rows = new ArrayList<>(); // {sequence, position}
        for (int s = 0; s < count; s++) {
            rows.add(new int[] {s, sequences.get(s).length - 1});
        }
        for (int s = 0; s < count; s++) {
            for (int position = sequences.get(s).length; position < length; position++) {
                rows.add(new int[] {s, position});
            }
        }
        int[] tokens = rows.stream()
                .mapToInt(at -> at[1] < sequences.get(at[0]).length ? sequences.get(at[0])[at[1]] : padding)
                .toArray();
        Var hidden = model.backbone()
                .watched(
                        tokens,
                        rows.stream().mapToInt(at -> at[1]).toArray(),
                        cache,
                        rows.stream().mapToInt(at -> handles[at[0]]).toArray(),
                        rows.size() - count,
                        length); // [N, D]
        put(hidden, rows, means);
        return means;
    }

    private void beginnings(List<int[]> sequences, KvCache cache, int[] handles, float[][] means) {
        List<int[]> rows = new ArrayList<>(); // {sequence, position}
        List<Integer> longer = new ArrayList<>(); // sequences of more than one token
        for (int s = 0; s < sequences.size(); s++) {
            for (int position = 0; position < sequences.get(s).length - 1; position++) {
                rows.add(new int[] {s, position});
            }
            if (sequences.get(s).length > 1) {
                longer.add(s);
            }
        }
        if (longer.isEmpty()) {
            return;
        }
        Var hidden = model.hidden(
                rows.stream().mapToInt(at -> sequences.get(at[0])[at[1]]).toArray(),
                Segments.of(longer.stream()
                        .mapToInt(s -> sequences.get(s).length - 1)
                        .toArray()),
                cache,
                longer.stream().mapToInt(s -> handles[s]).toArray()); // [N, D]
        put(hidden, rows, means);
    }

    private void put(Var hidden, List<int[]> rows, float[][] means) {
        int[] all = new int[rows.size()];
        Arrays.setAll(all, row -> row);
        int[] anyToken = new int[rows.size()]; // log-probabilities are not looked at
        float[] measured = Objects.requireNonNull(model.logProbs(hidden, all, anyToken, 1f, Set.of(Measure.MEAN_LOGIT))
                        .measures()
                        .get(Measure.MEAN_LOGIT))
                .toFloatArray(); // [N]
        for (int row = 0; row < measured.length; row++) {
            means[rows.get(row)[0]][rows.get(row)[1]] = measured[row];
        }
    }
}
