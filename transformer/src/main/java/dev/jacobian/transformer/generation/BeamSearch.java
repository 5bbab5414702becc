// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.autograd.NoGrad;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.processor.TokenHistory;
import java.util.ArrayList;
import java.util.List;

/**
 * Beam search, and beam sampling, of several prompts at once; the rules are {@link BeamGroup}'s.
 *
 * <p>Decisions: all beams of all prompts advance in one pass, and a prompt whose search is over leaves it. Beams that part
 * share the pages of their past. The beams of a prompt do not depend on other prompts. Tokens are told to a listener when the
 * search is over, because before that they may still change.
 *
 * <p>{@link Generator} calls this where {@code num_beams} is above 1.
 */
final class BeamSearch {
    private final CausalLM model;
    private final GenerationConfig config;

    BeamSearch(CausalLM model, GenerationConfig config) {
        this.model = model;
        this.config = config;
    }

    /**
     * The best continuations of each prompt, from the best on: {@code num_return_sequences}, or fewer where there are not so many
     * different ones.
     */
    List<List<Generation>> generate(List<Prefix> prefixes) {
        return Workspace.currentOrNew()
                .compute(() -> NoGrad.compute(() -> {
                    try (SearchCache cache = new SearchCache(model, config, false)) {
                        return search(cache, prefixes);
                    }
                }));
    }

    /** A prompt's beams, and the rows of those that run. */
    private record Search(int prompt, BeamGroup group, List<SearchCache.Row> rows) {}

    private List<List<Generation>> search(SearchCache cache, List<Prefix> prefixes) {
        Continuation.Rules rules = Continuation.Rules.of(model, config);
        int endTokens = config.ignoreEos() ? 0 : rules.endTokens().size();
        List<SearchCache.Row> first =
                cache.start(prefixes.stream().map(Prefix::tokens).toList());
        List<BeamGroup> groups = new ArrayList<>();
        List<Search> searches = new ArrayList<>();
        for (int p = 0; p < prefixes.size(); p++) {
            Prefix prefix = prefixes.get(p);
            BeamGroup group = new BeamGroup(new Continuation(prefix, rules), config, endTokens, prefix.key());
            groups.add(group);
            searches.add(new Search(p, group, List.of(first.get(p))));
        }
        while (!searches.isEmpty()) {
            searches = advance(cache, searches);
        }
        return groups.stream().map(BeamGroup::best).toList();
    }

    private List<Search> advance(SearchCache cache, List<Search> searches) {
        List<Integer> sequences = new ArrayList<>();
        List<TokenHistory> histories = new ArrayList<>();
        for (Search search : searches) {
            requireFinite(search);
            search.group.step(search.rows);
            sequences.addAll(divided(cache, search));
            search.group
                    .running()
                    .forEach(beam -> histories.add(beam.continuation().history()));
        }
        if (sequences.isEmpty()) {
            return List.of();
        }
        List<SearchCache.Row> rows =
                cache.step(sequences.stream().mapToInt(sequence -> sequence).toArray(), histories);
        List<Search> alive = new ArrayList<>();
        int from = 0;
        for (Search search : searches) {
            int to = from + search.group.running().size();
            if (to > from) {
                alive.add(new Search(search.prompt, search.group, rows.subList(from, to)));
            }
            from = to;
        }
        return alive;
    }

    /** A cached sequence for each running beam: its parent's for the first child of a parent, a fork for the others. */
    private static List<Integer> divided(SearchCache cache, Search search) {
        List<SearchCache.Row> parents = search.rows;
        boolean[] taken = new boolean[parents.size()];
        List<Integer> sequences = new ArrayList<>();
        for (BeamGroup.Beam beam : search.group.running()) {
            int sequence = parents.get(beam.parent()).sequence();
            sequences.add(taken[beam.parent()] ? cache.fork(sequence) : sequence);
            taken[beam.parent()] = true;
        }
        for (int p = 0; p < taken.length; p++) {
            if (!taken[p]) {
                cache.release(parents.get(p).sequence());
            }
        }
        return sequences;
    }

    private void requireFinite(Search search) {
        for (SearchCache.Row row : search.rows) {
            FiniteLogits.require(
                    row.logits().logSum(),
                    model,
                    search.group.running().getFirst().continuation().chosen() + 1,
                    search.prompt,
                    config.temperature());
        }
    }
}
