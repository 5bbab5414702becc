// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.autograd.NoGrad;
import dev.jacobian.tensor.SamplingFilters;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.processor.TokenHistory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Contrastive search (Su et al., "A contrastive framework for neural text generation", 2022): of the {@code top_k} likeliest tokens
 * the one with the largest (1 − α) · p − α · s, where s is the largest cosine between its hidden state and those of all
 * tokens before it. It repeats itself less than greedy decoding and needs no randomness.
 *
 * <p>Decisions: hidden states are those after the final norm, as in transformers. Each step computes all candidates as forks of their
 * sequence in one pass and keeps the chosen one, whose logits the next step needs. Of equal scores the likelier
 * token wins, of equally likely ones the lower id.
 *
 * <p>{@link Generator} calls this where {@code penalty_alpha} is above 0.
 */
final class ContrastiveSearch {
    private final CausalLM model;
    private final GenerationConfig config;

    ContrastiveSearch(CausalLM model, GenerationConfig config) {
        this.model = model;
        this.config = config;
    }

    /** One continuation of each prompt. */
    List<Generation> generate(List<Prefix> prefixes, TokenListener listener) {
        return Workspace.currentOrNew()
                .compute(() -> NoGrad.compute(() -> {
                    try (SearchCache cache = new SearchCache(model, config, true)) {
                        return search(cache, prefixes, listener);
                    }
                }));
    }

    /** A continuation while it grows. */
    private static final class Running {
        final int prompt;
        final Continuation continuation;
        final List<double[]> context = new ArrayList<>(); // unit vectors, [D] each
        SearchCache.Row row;
        int[] candidates = {};
        double[] probabilities = {};

        Running(int prompt, Continuation continuation, SearchCache.Row row) {
            this.prompt = prompt;
            this.continuation = continuation;
            this.row = row;
            row.hidden().forEach(state -> context.add(unit(state)));
        }
    }

    private List<Generation> search(SearchCache cache, List<Prefix> prefixes, TokenListener listener) {
        Continuation.Rules rules = Continuation.Rules.of(model, config);
        List<SearchCache.Row> first =
                cache.start(prefixes.stream().map(Prefix::tokens).toList());
        Generation[] results = new Generation[prefixes.size()];
        List<Running> running = new ArrayList<>();
        for (int p = 0; p < results.length; p++) {
            running.add(new Running(p, new Continuation(prefixes.get(p), rules), first.get(p)));
        }
        while (!running.isEmpty()) {
            List<List<SearchCache.Row>> tried = tryCandidates(cache, running);
            List<Running> alive = new ArrayList<>();
            for (int i = 0; i < running.size(); i++) {
                Running r = running.get(i);
                Optional<FinishReason> end = choose(cache, r, tried.get(i), listener);
                if (end.isPresent()) {
                    results[r.prompt] = r.continuation.finish(end.get());
                    cache.release(r.row.sequence());
                } else {
                    alive.add(r);
                }
            }
            running = alive;
        }
        return List.of(results);
    }

    /** Computes each continuation's candidates as its next token, every one on a sequence of its own. */
    private List<List<SearchCache.Row>> tryCandidates(SearchCache cache, List<Running> running) {
        List<Integer> sequences = new ArrayList<>();
        List<TokenHistory> histories = new ArrayList<>();
        for (Running r : running) {
            FiniteLogits.require(
                    r.row.logits().logSum(), model, r.continuation.chosen() + 1, r.prompt, config.temperature());
            float[] shaped = r.row.logits().logits().clone();
            r.continuation.shape(shaped);
            double[] p = SamplingFilters.probabilities(shaped);
            r.candidates = LogitRow.largest(shaped, config.sampling().topK());
            r.probabilities = new double[r.candidates.length];
            for (int c = 0; c < r.candidates.length; c++) {
                r.probabilities[c] = p[r.candidates[c]];
                sequences.add(c == 0 ? r.row.sequence() : cache.fork(r.row.sequence()));
                TokenHistory history = r.continuation.history().fork();
                history.add(r.candidates[c]);
                histories.add(history);
            }
        }
        List<SearchCache.Row> rows =
                cache.step(sequences.stream().mapToInt(sequence -> sequence).toArray(), histories);
        List<List<SearchCache.Row>> tried = new ArrayList<>();
        int from = 0;
        for (Running r : running) {
            tried.add(rows.subList(from, from + r.candidates.length));
            from += r.candidates.length;
        }
        return tried;
    }

    private Optional<FinishReason> choose(
            SearchCache cache, Running r, List<SearchCache.Row> tried, TokenListener listener) {
        double alpha = config.search().penaltyAlpha();
        int best = 0;
        double bestScore = Double.NEGATIVE_INFINITY;
        double[] bestState = {};
        for (int c = 0; c < tried.size(); c++) {
            double[] state = unit(tried.get(c).hidden().getLast());
            double score = (1 - alpha) * r.probabilities[c] - alpha * likeness(r.context, state);
            if (r.probabilities[c] > 0 && score > bestScore) { // one that is ruled out never wins
                best = c;
                bestScore = score;
                bestState = state;
            }
        }
        int token = r.candidates[best];
        SearchCache.Row before = r.row;
        Optional<FinishReason> end = r.continuation.add(
                token, before.reported().logProb(token), before.reported().likeliest(config.topLogProbs()));
        listener.onToken(r.prompt, 0, token);
        r.context.add(bestState);
        r.row = tried.get(best);
        for (SearchCache.Row other : tried) {
            if (other != r.row) {
                cache.release(other.sequence());
            }
        }
        return end;
    }

    private static double likeness(List<double[]> context, double[] state) {
        double most = Double.NEGATIVE_INFINITY;
        for (double[] before : context) {
            double dot = 0;
            for (int d = 0; d < state.length; d++) {
                dot += before[d] * state[d];
            }
            most = Math.max(most, dot);
        }
        return most;
    }

    /** A vector of length 1 in the direction of a hidden state. */
    private static double[] unit(float[] state) {
        double squares = 0;
        for (float x : state) {
            squares += (double) x * x;
        }
        double length = Math.sqrt(squares);
        double[] unit = new double[state.length];
        for (int d = 0; d < unit.length; d++) {
            unit[d] = state[d] / length;
        }
        return unit;
    }
}
