// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.NoGrad;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Scores whole sequences with a model whose head scores: rewards, or the logits of a classifier.
 *
 * <pre>{@code
 * CausalLM judge = CausalLM.load(Path.of("reward-model")); // LlamaForSequenceClassification and the like
 * float reward = new SequenceScorer(judge).scores(List.of(tokens)).getFirst()[0];
 * }</pre>
 *
 * <p>A sequence has the same bits alone and among others, and with padding around it or without: what is padding is not computed.
 */
public final class SequenceScorer {
    private static final int BATCH_TOKENS = 8192;

    private final CausalLM model;
    private final int batchTokens;

    /**
     * A scorer.
     *
     * @throws IllegalStateException if the model is a language model
     */
    public SequenceScorer(CausalLM model) {
        this(model, BATCH_TOKENS);
    }

    /** @param batchTokens most tokens at once, unless one sequence has more */
    public SequenceScorer(CausalLM model, int batchTokens) {
        if (model.labels() == 0) {
            throw new IllegalStateException(
                    "the model is a language model and has no head that scores; train one with jacobian reward");
        }
        this.model = model;
        this.batchTokens = batchTokens;
    }

    /**
     * What the head says at each sequence's {@linkplain CausalLM#scoredToken last token that is no padding}.
     *
     * @param sequences token ids, none empty
     * @return [L] of each
     */
    public List<float[]> scores(List<int[]> sequences) {
        List<int[]> trimmed = sequences.stream().map(this::withoutPadding).toList();
        List<float[]> scores = new ArrayList<>();
        int tokens = 0;
        int from = 0;
        for (int at = 0; at < trimmed.size(); at++) {
            int length = trimmed.get(at).length;
            if (at > from && tokens + length > batchTokens) {
                scores.addAll(batch(trimmed.subList(from, at)));
                from = at;
                tokens = 0;
            }
            tokens += length;
        }
        if (from < trimmed.size()) {
            scores.addAll(batch(trimmed.subList(from, trimmed.size())));
        }
        return scores;
    }

    private int[] withoutPadding(int[] tokens) {
        if (tokens.length == 0) {
            throw new IllegalArgumentException("a sequence without tokens has no score; leave it out");
        }
        int end = model.scoredToken(tokens) + 1;
        int start = 0;
        int padding = model.config().source().path("pad_token_id").asInt(-1);
        while (start < end - 1 && tokens[start] == padding) {
            start++;
        }
        return Arrays.copyOfRange(tokens, start, end);
    }

    private List<float[]> batch(List<int[]> sequences) {
        Segments segments =
                Segments.of(sequences.stream().mapToInt(tokens -> tokens.length).toArray());
        int[] tokens = sequences.stream().flatMapToInt(Arrays::stream).toArray();
        int[] rows = new int[sequences.size()];
        for (int s = 0; s < rows.length; s++) {
            rows[s] = segments.start(s) + segments.length(s) - 1;
        }
        float[] all = Workspace.currentOrNew()
                .compute(() -> NoGrad.compute(() -> model.scores(model.hidden(tokens, segments), rows)
                        .value()
                        .toFloatArray())); // [S, L]
        int labels = model.labels();
        List<float[]> scores = new ArrayList<>();
        for (int s = 0; s < rows.length; s++) {
            scores.add(Arrays.copyOfRange(all, s * labels, (s + 1) * labels));
        }
        return scores;
    }
}
