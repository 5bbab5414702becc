// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.SamplingFilters;
import dev.jacobian.tensor.SamplingKernels;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.TokenChoice;
import dev.jacobian.transformer.CausalLM;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Chooses the next token of sequences from hidden states, each by the rule of its own request.
 *
 * <p>Decisions: logits of all rows are made together, whatever their rules, because the head is read once for all of them; then
 * rows of one rule are chosen from together. A row's result depends on nothing but the row, its rule and its coordinates.
 *
 * <p>An id that stands for no token (a vocabulary padded beyond the tokenizer) is never chosen: where one comes out, another
 * is chosen among those that do. That is a draw from the model's distribution without the padding, and changes no draw that
 * hits a token. Log-probabilities stay the model's own, over all ids, as a trainer computes them.
 */
final class TokenChooser {
    /** Makes the seed of second draws, which must not depend on the first ones. */
    private static final long SECOND_DRAW = 0x5DEECE66DL << 16;

    private final CausalLM model;
    private final BitSet withoutToken;

    /**
     * Chooses for sequences of a model.
     *
     * @param withoutToken ids that stand for no token
     */
    TokenChooser(CausalLM model, BitSet withoutToken) {
        this.model = model;
        this.withoutToken = withoutToken;
    }

    /** What rows must have in common to be chosen from together. */
    record Rule(
            boolean likeliest,
            float inverseTemperature,
            Optional<SamplingFilters> filters,
            float penalty,
            boolean processed,
            int top,
            long seed) {
        static Rule of(Continuation.Rules rules) {
            GenerationConfig config = rules.config();
            boolean processed = rules.processor().isPresent();
            Optional<SamplingFilters> filters =
                    config.filters() ? Optional.of(config.samplingFilters()) : Optional.empty();
            return new Rule(
                    !config.doSample(),
                    config.doSample() ? 1f / config.temperature() : 1f,
                    // none that do anything where processors have done all
                    processed ? Optional.of(new SamplingFilters(1f, 0, 1f, 0f)) : filters,
                    config.repetitionPenalty(),
                    processed,
                    config.topLogProbs(),
                    config.doSample() ? config.seed() : 0);
        }
    }

    /**
     * What was chosen for several sequences.
     *
     * @param likeliest the likeliest tokens of each row where they are asked for; otherwise empty
     */
    record Choices(int[] tokens, float[] logProbs, List<List<TokenLogProb>> likeliest) {
        static Choices of(int n) {
            return new Choices(new int[n], new float[n], new ArrayList<>(Collections.nCopies(n, List.of())));
        }

        private void put(TokenChoice part, List<List<TokenLogProb>> top, List<Integer> indices) {
            for (int i = 0; i < indices.size(); i++) {
                tokens[indices.get(i)] = part.tokens()[i];
                logProbs[indices.get(i)] = part.logProbs()[i];
                if (!top.isEmpty()) {
                    likeliest.set(indices.get(i), top.get(i));
                }
            }
        }
    }

    /**
     * Chooses the next token of each sequence. The failure of a processor is its request's, whose choices mean nothing then.
     *
     * @param hidden [N, D]
     * @param rows the row of each sequence
     */
    Choices choose(List<Sequence> sequences, Var hidden, int[] rows) {
        int n = sequences.size();
        Choices all = Choices.of(n);
        Map<Rule, List<Integer>> byRule = byRule(sequences);
        int[] order = byRule.values().stream()
                .flatMap(List::stream)
                .mapToInt(Integer::intValue)
                .toArray();
        int chunk = model.logitRows();
        for (int from = 0; from < n; from += chunk) {
            int to = Math.min(n, from + chunk);
            int[] chosen = Arrays.stream(order, from, to).map(i -> rows[i]).toArray();
            Tensor logits = model.logits(hidden, chosen); // [to − from, V]
            int begin = 0; // of the rule's rows in this order
            for (Map.Entry<Rule, List<Integer>> one : byRule.entrySet()) {
                int end = begin + one.getValue().size();
                int first = Math.max(begin, from);
                int last = Math.min(end, to);
                if (first < last) {
                    List<Integer> part = one.getValue().subList(first - begin, last - begin);
                    Tensor own = rows(logits, first - from, last - from); // [last − first, V]
                    Rule rule = one.getKey();
                    List<List<TokenLogProb>> top = rule.top == 0 ? List.of() : likeliest(rule, own);
                    all.put(choose(rule, at(sequences, part), own), top, part);
                }
                begin = end;
            }
        }
        return all;
    }

    private static List<List<TokenLogProb>> likeliest(Rule rule, Tensor logits) {
        return LogitRow.of(logits, rule.inverseTemperature).stream()
                .map(row -> row.likeliest(rule.top))
                .toList();
    }

    /**
     * Chooses the next token of one sequence from its row.
     *
     * @param logits [1, V]
     */
    Choices choose(Sequence sequence, Tensor logits) {
        Rule rule = Rule.of(sequence.owner().rules());
        Choices choice = Choices.of(1);
        choice.put(
                choose(rule, List.of(sequence), logits),
                rule.top == 0 ? List.of() : likeliest(rule, logits),
                List.of(0));
        return choice;
    }

    private static Map<Rule, List<Integer>> byRule(List<Sequence> sequences) {
        Map<Rule, List<Integer>> byRule = new LinkedHashMap<>();
        Rule last = null;
        List<Integer> ofLast = new ArrayList<>();
        for (int i = 0; i < sequences.size(); i++) {
            Rule rule = sequences.get(i).owner().rule();
            if (!rule.equals(last)) { // mostly all have one
                ofLast = byRule.computeIfAbsent(rule, r -> new ArrayList<>());
                last = rule;
            }
            ofLast.add(i);
        }
        return byRule;
    }

    private static List<Sequence> at(List<Sequence> sequences, List<Integer> indices) {
        return indices.stream().map(sequences::get).toList();
    }

    private static Tensor rows(Tensor logits, int from, int to) {
        return from == 0 && to == logits.extent(0)
                ? logits
                : logits.slice(0, from, to).contiguous(); // [to − from, V]
    }

    private TokenChoice choose(Rule rule, List<Sequence> part, Tensor logits) {
        SamplingKernels kernels = Backends.of(logits.device()).sampling();
        if (rule.processed) {
            return kernels.choose(logits, processed(part, logits), forKernel(rule, rule.seed, part));
        }
        Tensor shaped = rule.penalty == 1
                ? logits
                : kernels.penalize(
                        logits, part.stream().map(Sequence::tokens).toArray(int[][]::new), rule.penalty); // [n, V]
        TokenChoice choice = kernels.choose(logits, shaped, forKernel(rule, rule.seed, part));
        for (int i = 0; i < part.size(); i++) {
            if (withoutToken.get(choice.tokens()[i])) {
                TokenChoice other = kernels.choose(
                        rows(logits, i, i + 1),
                        withTokens(rows(shaped, i, i + 1)),
                        forKernel(rule, rule.seed ^ SECOND_DRAW, part.subList(i, i + 1)));
                choice.tokens()[i] = other.tokens()[0];
                choice.logProbs()[i] = other.logProbs()[0];
            }
        }
        return choice;
    }

    private static TokenChoice.Rule forKernel(Rule rule, long seed, List<Sequence> part) {
        int[] coordinates = new int[4 * part.size()]; // [n, 4]
        for (int i = 0; i < part.size(); i++) {
            part.get(i).coordinates(coordinates, 4 * i);
        }
        return new TokenChoice.Rule(rule.likeliest, rule.inverseTemperature, rule.filters, seed, coordinates);
    }

    /** Rows as the processors leave them, [n, V]; they are made on the host. */
    private Tensor processed(List<Sequence> part, Tensor logits) {
        int vocabulary = logits.extent(1);
        float[] rows = logits.toFloatArray(); // [n, V]
        for (int i = 0; i < part.size(); i++) {
            Sequence sequence = part.get(i);
            float[] row = Arrays.copyOfRange(rows, i * vocabulary, (i + 1) * vocabulary); // [V]
            try {
                sequence.continuation().shape(row);
            } catch (RuntimeException broken) {
                sequence.owner().fail(broken);
            }
            System.arraycopy(row, 0, rows, i * vocabulary, vocabulary);
        }
        return Tensor.of(rows, part.size(), vocabulary).to(logits.device());
    }

    /** A row in which only ids that stand for a token can be chosen. */
    private Tensor withTokens(Tensor row) {
        Tensor copy = row.to(Device.CPU).copy(); // [1, V]
        withoutToken.stream().forEach(id -> copy.floats()[id] = Float.NEGATIVE_INFINITY);
        return copy.to(row.device());
    }
}
