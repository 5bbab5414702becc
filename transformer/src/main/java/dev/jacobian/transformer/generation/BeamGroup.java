// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.tensor.Rng;
import dev.jacobian.transformer.generation.SearchConfig.EarlyStopping;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The beams of one prompt: those that run, and the best that have ended. It knows scores and tokens, not models.
 *
 * <p>The rules are those of transformers' vectorized beam search:
 *
 * <ol>
 *   <li>Of all continuations of all running beams by one token the likeliest are candidates, (1 + end tokens, at least 2) times as
 *       many as there are beams, so that enough remain when some end. With sampling the candidates are drawn without
 *       replacement from the softmax of their scores.
 *   <li>The first {@code num_beams} candidates may end; what they end with is scored by its log-probability over its length to the
 *       power of {@code length_penalty}, and the best {@code num_beams} ended ones are kept.
 *   <li>The best {@code num_beams} candidates that have not ended run on.
 *   <li>{@link EarlyStopping} says when none can or is likely to get better.
 * </ol>
 *
 * <p>Beams begin as one: transformers begins with copies that cannot win. Equal scores go to the earlier beam and the lower id.
 */
final class BeamGroup {
    /**
     * A beam that runs.
     *
     * @param parent index among the beams of the step before
     * @param continuation its tokens
     * @param score sum of the processed log-probabilities of its tokens
     */
    record Beam(int parent, Continuation continuation, double score) {}

    private record Candidate(int parent, int token, double score) {}

    private final GenerationConfig config;
    private final long key;
    private final int limit;
    private final int candidates;
    private final List<Generation> ended = new ArrayList<>(); // from the best on
    private List<Beam> running;
    private boolean done;

    /** One beam behind a prompt. */
    BeamGroup(Continuation prompt, GenerationConfig config, int endTokens, long key) {
        this.config = config;
        this.key = key;
        this.limit = config.length().newTokens(prompt.history().promptLength());
        this.candidates = Math.max(2, 1 + endTokens) * config.search().numBeams();
        this.running = List.of(new Beam(0, prompt, 0));
    }

    /** The beams that run, from the best on; none when the search is over. */
    List<Beam> running() {
        return done ? List.of() : running;
    }

    /** The best ended beams, at most {@code num_return_sequences}, with their scores. */
    List<Generation> best() {
        return ended.subList(0, Math.min(ended.size(), config.search().numReturnSequences()));
    }

    /**
     * One step of the search.
     *
     * @param rows of each running beam
     */
    void step(List<SearchCache.Row> rows) {
        List<Candidate> chosen = config.doSample() ? drawn(scores(rows)) : likeliest(scores(rows));
        boolean full = ended.size() == beams();
        List<Beam> next = new ArrayList<>();
        for (int rank = 0; rank < chosen.size(); rank++) {
            Candidate candidate = chosen.get(rank);
            SearchCache.Row row = rows.get(candidate.parent);
            Continuation continuation =
                    running.get(candidate.parent).continuation.fork();
            Optional<FinishReason> end = continuation.add(
                    candidate.token,
                    row.reported().logProb(candidate.token),
                    row.reported().likeliest(config.topLogProbs()));
            if (end.isEmpty()) {
                next.add(new Beam(candidate.parent, continuation, candidate.score));
            } else if (rank < beams() && !(full && config.search().earlyStopping() == EarlyStopping.YES)) {
                ended.add(continuation
                        .finish(end.get())
                        .withScore(normalized(
                                candidate.score, continuation.history().newTokens())));
            }
        }
        keepBestEnded();
        next.sort(
                Comparator.comparingDouble((Beam beam) -> -beam.score)); // stable; drawn ones come in order of drawing
        running = List.copyOf(next.subList(0, Math.min(beams(), next.size())));
        done = running.isEmpty() || isOver();
    }

    private int beams() {
        return config.search().numBeams();
    }

    private double normalized(double score, int length) {
        return score / Math.pow(length, config.search().lengthPenalty());
    }

    private void keepBestEnded() {
        ended.sort(Comparator.comparingDouble(generation -> -generation.score().orElseThrow())); // stable
        while (ended.size() > beams()) {
            ended.removeLast();
        }
    }

    private boolean isOver() {
        if (ended.size() < beams()) {
            return false;
        }
        EarlyStopping stopping = config.search().earlyStopping();
        int length = stopping == EarlyStopping.NEVER && config.search().lengthPenalty() > 0
                ? limit
                : running.getFirst().continuation.history().newTokens();
        return stopping == EarlyStopping.YES
                || normalized(running.getFirst().score, length)
                        <= ended.getLast().score().orElseThrow();
    }

    /** What every continuation of each beam by one token scores, −∞ where it is ruled out; [beams][V]. */
    private List<float[]> scores(List<SearchCache.Row> rows) {
        List<float[]> scores = new ArrayList<>();
        for (int b = 0; b < rows.size(); b++) {
            float[] row = rows.get(b).logits().logProbs();
            running.get(b).continuation.shape(row);
            scores.add(row);
        }
        return scores;
    }

    private List<Candidate> likeliest(List<float[]> scores) {
        List<Candidate> all = new ArrayList<>();
        for (int b = 0; b < scores.size(); b++) {
            for (int token : LogitRow.largest(scores.get(b), candidates)) {
                add(all, b, token, scores.get(b)[token]);
            }
        }
        all.sort(Comparator.comparingDouble((Candidate candidate) -> -candidate.score)
                .thenComparingInt(Candidate::parent)
                .thenComparingInt(Candidate::token));
        return all.subList(0, Math.min(candidates, all.size()));
    }

    private void add(List<Candidate> all, int beam, int token, float logProb) {
        if (logProb != Float.NEGATIVE_INFINITY) {
            all.add(new Candidate(beam, token, running.get(beam).score + logProb));
        }
    }

    /** Draws candidates one after the other; what is drawn leaves the urn. */
    private List<Candidate> drawn(List<float[]> scores) {
        List<Candidate> urn = new ArrayList<>();
        for (int b = 0; b < scores.size(); b++) {
            for (int token = 0; token < scores.get(b).length; token++) {
                add(urn, b, token, scores.get(b)[token]);
            }
        }
        double max = urn.stream().mapToDouble(Candidate::score).max().orElse(0);
        double[] weights = urn.stream()
                .mapToDouble(candidate -> StrictMath.exp(candidate.score - max))
                .toArray();
        int position = running.getFirst().continuation.history().newTokens();
        List<Candidate> drawn = new ArrayList<>();
        for (int draw = 0; draw < Math.min(candidates, weights.length); draw++) {
            float uniform = Rng.uniform(config.seed(), (int) key, (int) (key >>> 32), draw, position);
            int hit = hit(weights, uniform);
            if (hit < 0) {
                break; // the others are too unlikely for a double
            }
            weights[hit] = 0;
            drawn.add(urn.get(hit));
        }
        return drawn;
    }

    /** Where a number in [0, 1) falls among weights; −1 if all are 0. */
    private static int hit(double[] weights, float uniform) {
        double sum = 0;
        for (double weight : weights) {
            sum += weight;
        }
        double cumulative = 0;
        int last = -1;
        for (int i = 0; i < weights.length; i++) {
            if (weights[i] > 0) {
                cumulative += weights[i];
                last = i;
                if (uniform * sum < cumulative) {
                    return i;
                }
            }
        }
        return last;
    }
}
