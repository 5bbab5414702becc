// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.promptset;

import com.fasterxml.jackson.databind.node.DoubleNode;
import dev.jacobian.io.rows.Rows;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Drops prompts that share runs of words with sets that are measured on: what a model has learned from says nothing when it is asked
 * again.
 *
 * <p>Words are compared in lower case and without punctuation. A text of fewer words than a run is one run by itself.
 *
 * @param against the sets; their prompts are {@code prompt}, {@code question} or {@code problem}
 * @param n words of a run
 * @param most share of a prompt's runs that may be found there; 0 for none
 */
public record Decontamination(List<Rows> against, int n, double most) implements PromptTool {
    private static final int BINS = 10;

    /** Checks the numbers. */
    public Decontamination {
        against = List.copyOf(against);
        if (n < 1 || !(most >= 0 && most < 1)) {
            throw new IllegalArgumentException("a run has one word at least, and less than all may be shared");
        }
    }

    @Override
    public String measure() {
        return "share of runs of " + n + " words that the other sets have";
    }

    @Override
    public List<String> bins() {
        List<String> bins = new ArrayList<>(List.of("0"));
        for (int i = 0; i < BINS; i++) {
            bins.add(bin((i + 0.5) / BINS));
        }
        return bins;
    }

    private static String bin(double overlap) {
        return overlap == 0 ? "0" : String.format(Locale.ROOT, "≤ %.1f", Math.ceil(overlap * BINS) / BINS);
    }

    @Override
    public List<Finding> find(Rows data) {
        LongSet known = new LongSet();
        for (Rows set : against) {
            set.forEach(row -> {
                for (long gram : WordGrams.of(PromptText.words(PromptText.ofAny(row)), n)) {
                    known.add(gram);
                }
            });
        }
        List<Finding> findings = Finding.list();
        PromptText.forEach(data, (row, prompt) -> {
            long[] grams = WordGrams.of(PromptText.words(prompt), n);
            int shared = 0;
            for (long gram : grams) {
                shared += known.contains(gram) ? 1 : 0;
            }
            double overlap = grams.length == 0 ? 0 : (double) shared / grams.length;
            findings.add(new Finding(overlap <= most, bin(overlap), Map.of("overlap", DoubleNode.valueOf(overlap))));
        });
        return findings;
    }
}
