// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.DecodingPass;
import dev.jacobian.transformer.generation.processor.TokenHistory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The cached sequences of a search, which divide and die as it goes. What a step computes comes back on the host, where searches
 * choose.
 *
 * <p>Only inside {@link dev.jacobian.autograd.NoGrad} and a {@link Workspace}.
 */
final class SearchCache implements AutoCloseable {
    /**
     * What a step gives for one sequence.
     *
     * @param sequence its handle
     * @param logits of the next token, at temperature 1
     * @param reported of the next token, at the temperature that log-probabilities are reported for
     * @param hidden [T, D] of the step's tokens after the final norm, row by row, if they are asked for; otherwise empty
     */
    record Row(int sequence, LogitRow logits, LogitRow reported, List<float[]> hidden) {}

    private final CausalLM model;
    private final float inverseTemperature;
    private final boolean keepsHidden;
    private final KvCache cache;
    private final DecodingPass pass;

    SearchCache(CausalLM model, GenerationConfig config, boolean keepsHidden) {
        this.model = model;
        this.inverseTemperature = config.doSample() ? 1f / config.temperature() : 1f;
        this.keepsHidden = keepsHidden;
        this.cache = model.newKvCache();
        this.pass = new DecodingPass(model, cache);
    }

    /** Computes prompts, each as a new sequence. */
    List<Row> start(List<int[]> prompts) {
        return computed(
                prompts,
                IntStream.range(0, prompts.size()).map(p -> cache.add()).toArray());
    }

    /** A second sequence with the same tokens. */
    int fork(int sequence) {
        return cache.fork(sequence, cache.length(sequence));
    }

    void release(int sequence) {
        cache.release(sequence);
    }

    /**
     * Computes the newest token of each of some sequences.
     *
     * @param sequences handles, each once
     * @param histories their tokens, the newest of which is not cached yet
     */
    List<Row> step(int[] sequences, List<TokenHistory> histories) {
        boolean outgrown = model.config().plan().rotationsDependOnLength()
                && Arrays.stream(sequences)
                        .map(cache::length)
                        .anyMatch(length -> !model.config().plan().rotatesAlike(length, length + 1));
        if (outgrown) { // a sequence has outgrown its rotations; the others come to the same bits
            int[] anew = Arrays.stream(sequences)
                    .peek(cache::release)
                    .map(sequence -> cache.add())
                    .toArray();
            return computed(histories.stream().map(TokenHistory::toArray).toList(), anew);
        }
        int[] tokens = histories.stream()
                .mapToInt(history -> history.get(history.length() - 1))
                .toArray();
        List<Row> rows = new ArrayList<>();
        Workspace.inner(() -> collect(
                pass.run(tokens, sequences),
                sequences,
                IntStream.range(0, sequences.length).toArray(),
                1,
                rows));
        return rows;
    }

    private List<Row> computed(List<int[]> tokens, int[] sequences) {
        int[] lengths = tokens.stream().mapToInt(ids -> ids.length).toArray();
        Segments segments = Segments.of(lengths);
        int[] all = tokens.stream().flatMapToInt(Arrays::stream).toArray(); // [N]
        List<Row> rows = new ArrayList<>();
        Workspace.inner(() -> {
            Var hidden = model.hidden(all, segments, cache, sequences); // [N, D]
            for (int s = 0; s < sequences.length; s++) {
                int[] last = {segments.start(s) + lengths[s] - 1};
                collect(hidden, new int[] {sequences[s]}, last, lengths[s], rows);
            }
        });
        return rows;
    }

    /**
     * Brings rows to the host.
     *
     * @param last [n] rows of {@code hidden} that predict the next tokens
     * @param tokens how many rows up to the last one belong to each sequence
     */
    private void collect(Var hidden, int[] sequences, int[] last, int tokens, List<Row> rows) {
        int chunk = model.logitRows();
        for (int from = 0; from < last.length; from += chunk) {
            int to = Math.min(last.length, from + chunk);
            Tensor logits = model.logits(hidden, Arrays.copyOfRange(last, from, to)); // [n, V]
            List<LogitRow> plain = LogitRow.of(logits, 1f);
            List<LogitRow> reported = inverseTemperature == 1 ? plain : LogitRow.of(logits, inverseTemperature);
            for (int i = from; i < to; i++) {
                List<float[]> states = keepsHidden ? states(hidden, last[i] - tokens + 1, last[i] + 1) : List.of();
                rows.add(new Row(sequences[i], plain.get(i - from), reported.get(i - from), states));
            }
        }
    }

    private static List<float[]> states(Var hidden, int from, int to) {
        List<float[]> states = new ArrayList<>();
        for (int row = from; row < to; row++) {
            states.add(hidden.value().slice(0, row, row + 1).toFloatArray());
        }
        return states;
    }

    @Override
    public void close() {
        pass.close();
    }
}
