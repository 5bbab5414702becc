// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.rl.sft.ExampleTokens;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Several demonstrations in one row of a data set. */
public final class Packing {
    /** Ways to do it. */
    public enum Strategy {
        /**
         * Best fit, decreasing (Ding et al., arXiv 2404.10830): the longest example first, each into the row that it fills best. Nothing
         * is cut, and examples of a row do not see each other.
         */
        BFD,
        /** All examples as one stream of tokens, cut at every {@code max_length}; an example sees what stands before it in its row. */
        WRAPPED
    }

    private Packing() {}

    static List<Demonstration> pack(List<Demonstration> examples, Strategy strategy, int length) {
        return strategy == Strategy.BFD ? bestFit(examples, length) : wrapped(examples, length);
    }

    private static List<Demonstration> bestFit(List<Demonstration> examples, int length) {
        List<List<ExampleTokens.Encoded>> rows = new ArrayList<>();
        TreeMap<Integer, Deque<List<ExampleTokens.Encoded>>> bySpace = new TreeMap<>(); // of rows with room
        List<Demonstration> longestFirst = examples.stream()
                .sorted(Comparator.comparingInt(Demonstration::length).reversed())
                .toList();
        for (Demonstration example : longestFirst) {
            Map.Entry<Integer, Deque<List<ExampleTokens.Encoded>>> best = bySpace.ceilingEntry(example.length());
            List<ExampleTokens.Encoded> row =
                    best == null ? new ArrayList<>() : best.getValue().removeFirst();
            int space = (best == null ? length : best.getKey()) - example.length();
            if (best == null) {
                rows.add(row);
            } else if (best.getValue().isEmpty()) {
                bySpace.remove(best.getKey());
            }
            row.addAll(example.documents());
            if (space > 0) {
                bySpace.computeIfAbsent(space, key -> new ArrayDeque<>()).addLast(row);
            }
        }
        return rows.stream().map(Demonstration::new).toList();
    }

    private static List<Demonstration> wrapped(List<Demonstration> examples, int length) {
        int total = examples.stream().mapToInt(Demonstration::length).sum();
        int[] stream = new int[total];
        BitSet learned = new BitSet(total);
        int at = 0;
        for (Demonstration example : examples) {
            for (ExampleTokens.Encoded document : example.documents()) {
                System.arraycopy(document.tokens(), 0, stream, at, document.tokens().length);
                for (int t : document.learned().stream().toArray()) {
                    learned.set(at + t);
                }
                at += document.tokens().length;
            }
        }
        List<Demonstration> rows = new ArrayList<>();
        for (int from = 0; from < total; from += length) {
            int to = (int) Math.min(total, (long) from + length);
            rows.add(new Demonstration(
                    List.of(new ExampleTokens.Encoded(Arrays.copyOfRange(stream, from, to), learned.get(from, to)))));
        }
        return rows;
    }
}
