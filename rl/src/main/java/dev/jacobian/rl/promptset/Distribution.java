// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.promptset;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How many rows stand where.
 *
 * @param measure what it is of, in words
 * @param bins in order
 */
public record Distribution(String measure, List<Bin> bins) {
    /**
     * Rows for which the same was found.
     *
     * @param label what was found
     * @param rows how many
     * @param kept how many of them stay
     */
    public record Bin(String label, int rows, int kept) {}

    /** Copies the bins. */
    public Distribution {
        bins = List.copyOf(bins);
    }

    static Distribution of(PromptTool tool, List<Finding> findings) {
        Map<String, int[]> named = new LinkedHashMap<>();
        tool.bins().forEach(bin -> named.put(bin, new int[2]));
        Map<String, int[]> others = new TreeMap<>();
        for (Finding finding : findings) {
            Map<String, int[]> own = named.containsKey(finding.bin()) ? named : others;
            int[] counts = own.computeIfAbsent(finding.bin(), bin -> new int[2]);
            counts[0]++;
            counts[1] += finding.kept() ? 1 : 0;
        }
        named.putAll(others);
        List<Bin> bins = new ArrayList<>();
        named.forEach((label, counts) -> bins.add(new Bin(label, counts[0], counts[1])));
        return new Distribution(tool.measure(), bins);
    }

    /** All rows. */
    public int rows() {
        return bins.stream().mapToInt(Bin::rows).sum();
    }

    /** Rows that stay. */
    public int kept() {
        return bins.stream().mapToInt(Bin::kept).sum();
    }
}
