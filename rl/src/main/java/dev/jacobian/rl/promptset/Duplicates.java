// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.promptset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.IntNode;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.tensor.Nullable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Keeps one of several prompts that say the same in the same words, the first: exact copies, but for case and punctuation, and near
 * ones.
 *
 * <p>Two prompts are near if of the runs of three words that either has, both have as many as {@code similarity} says (Jaccard's
 * index). Whom to compare is found by MinHash: the smallest of the runs under each of 128 orders, in 32 bands of four; two that are
 * as near as 0.8 meet in one of them with a probability of 1 − 10⁻⁷. The runs of the rows that are kept are in memory, 8 bytes a word.
 *
 * @param similarity from which on two are near; 1 for the same runs only
 */
public record Duplicates(double similarity) implements PromptTool {
    private static final int RUN = 3;
    private static final int BANDS = 32;
    private static final int ROWS = 4;

    private static final String UNIQUE = "unique";
    private static final String EXACT = "exact copy";
    private static final String NEAR = "near copy";

    /** Checks the number. */
    public Duplicates {
        if (!(similarity > 0 && similarity <= 1)) {
            throw new IllegalArgumentException("the similarity must lie above 0 and be 1 at most, found " + similarity);
        }
    }

    /** A row that is kept: its number, and its runs in the order of their numbers. */
    private record Kept(int row, long[] runs) {}

    /** What a row is a copy of. */
    private record Match(Kept of, double similarity, boolean exact) {}

    @Override
    public String measure() {
        return "copies";
    }

    @Override
    public List<String> bins() {
        return List.of(UNIQUE, EXACT, NEAR);
    }

    @Override
    public List<Finding> find(Rows data) {
        Map<List<Long>, Kept> exact = new HashMap<>();
        Map<Long, List<Kept>> bands = new HashMap<>();
        List<Finding> findings = Finding.list();
        PromptText.forEach(data, (row, prompt) -> {
            List<String> words = PromptText.words(prompt);
            long[] whole = WordGrams.of(words, Math.max(1, words.size()));
            List<Long> key = List.of(whole.length == 0 ? 0L : whole[0], (long) words.size());
            Kept own = new Kept(
                    findings.size() + 1,
                    Arrays.stream(WordGrams.of(words, RUN)).distinct().sorted().toArray());
            Kept same = exact.get(key);
            if (same != null) {
                findings.add(finding(new Match(same, 1, true)));
                return;
            }
            long[] signature = bands(own.runs());
            Match match = nearest(own, signature, bands);
            if (match == null) {
                exact.put(key, own);
                for (long band : signature) {
                    bands.computeIfAbsent(band, none -> new ArrayList<>(1)).add(own);
                }
            }
            findings.add(finding(match));
        });
        return findings;
    }

    private static Finding finding(@Nullable Match match) {
        Map<String, JsonNode> columns = new LinkedHashMap<>();
        columns.put("similarity", DoubleNode.valueOf(match == null ? 0 : match.similarity()));
        if (match != null) {
            columns.put("duplicate_of_row", IntNode.valueOf(match.of().row()));
        }
        return new Finding(match == null, match == null ? UNIQUE : match.exact() ? EXACT : NEAR, columns);
    }

    /** The nearest of the rows that share a band; among equals the first. */
    private @Nullable Match nearest(Kept own, long[] signature, Map<Long, List<Kept>> bands) {
        TreeSet<Integer> seen = new TreeSet<>();
        Match best = null;
        for (long band : signature) {
            for (Kept other : bands.getOrDefault(band, List.of())) {
                if (!seen.add(other.row())) {
                    continue;
                }
                double index = jaccard(own.runs(), other.runs());
                boolean better = best == null
                        || index > best.similarity()
                        || index == best.similarity() && other.row() < best.of().row();
                if (index >= similarity && better) {
                    best = new Match(other, index, false);
                }
            }
        }
        return best;
    }

    private static double jaccard(long[] a, long[] b) {
        int shared = 0;
        for (int i = 0, j = 0; i < a.length && j < b.length; ) {
            if (a[i] == b[j]) {
                shared++;
                i++;
                j++;
            } else if (a[i] < b[j]) {
                i++;
            } else {
                j++;
            }
        }
        return a.length + b.length == 0 ? 1 : (double) shared / (a.length + b.length - shared);
    }

    private static long[] bands(long[] runs) {
        long[] bands = new long[BANDS];
        for (int band = 0; band < BANDS; band++) {
            long hash = band;
            for (int row = 0; row < ROWS; row++) {
                long order = WordGrams.mixed(band * ROWS + row + 1L);
                long smallest = Long.MAX_VALUE;
                for (long run : runs) {
                    smallest = Math.min(smallest, WordGrams.mixed(run ^ order));
                }
                hash = WordGrams.mixed(hash ^ smallest);
            }
            bands[band] = hash;
        }
        return bands;
    }
}
