// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.io.spill.ListView;
import dev.jacobian.rl.sft.ExampleTokens;
import dev.jacobian.rl.sft.LongestFirst;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.BitSet;
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

    private static int[] lengths(List<Demonstration> examples) {
        return examples.stream().mapToInt(Demonstration::length).toArray();
    }

    private static List<Demonstration> bestFit(List<Demonstration> examples, int length) {
        int[] lengths = lengths(examples);
        int[] order = LongestFirst.order(lengths);
        int[] rowOf = new int[order.length]; // of the examples in that order
        int rows = 0;
        TreeMap<Integer, Deque<Integer>> bySpace = new TreeMap<>(); // rows with room
        for (int i = 0; i < order.length; i++) {
            int own = lengths[order[i]];
            Map.Entry<Integer, Deque<Integer>> best = bySpace.ceilingEntry(own);
            int row = best == null ? rows++ : best.getValue().removeFirst();
            int space = (best == null ? length : best.getKey()) - own;
            if (best != null && best.getValue().isEmpty()) {
                bySpace.remove(best.getKey());
            }
            rowOf[i] = row;
            if (space > 0) {
                bySpace.computeIfAbsent(space, key -> new ArrayDeque<>()).addLast(row);
            }
        }
        int[] starts = new int[rows + 1];
        for (int row : rowOf) {
            starts[row + 1]++;
        }
        Arrays.parallelPrefix(starts, Integer::sum);
        int[] next = starts.clone();
        int[] members = new int[order.length]; // row after row, each in the order of its filling
        for (int i = 0; i < order.length; i++) {
            members[next[rowOf[i]]++] = order[i];
        }
        return ListView.of(rows, row -> joined(examples, members, starts[row], starts[row + 1]));
    }

    private static Demonstration joined(List<Demonstration> examples, int[] members, int from, int to) {
        return new Demonstration(Arrays.stream(members, from, to)
                .mapToObj(examples::get)
                .flatMap(example -> example.documents().stream())
                .toList());
    }

    private static List<Demonstration> wrapped(List<Demonstration> examples, int length) {
        int[] lengths = lengths(examples);
        long[] starts = new long[lengths.length + 1]; // in the stream
        for (int i = 0; i < lengths.length; i++) {
            starts[i + 1] = starts[i] + lengths[i];
        }
        long total = starts[lengths.length];
        return ListView.of(Math.toIntExact(Math.ceilDiv(total, length)), row -> {
            long from = (long) row * length;
            return new Demonstration(List.of(cut(examples, starts, from, Math.min(total, from + length))));
        });
    }

    /** The tokens [from, to) of the stream. */
    private static ExampleTokens.Encoded cut(List<Demonstration> examples, long[] starts, long from, long to) {
        int[] tokens = new int[Math.toIntExact(to - from)];
        BitSet learned = new BitSet(tokens.length);
        int found = Arrays.binarySearch(starts, from);
        for (int e = found < 0 ? -found - 2 : found; e < examples.size() && starts[e] < to; e++) {
            long at = starts[e];
            for (ExampleTokens.Encoded document : examples.get(e).documents()) {
                int first = (int) Math.max(0, from - at);
                int end = (int) Math.min(document.tokens().length, to - at);
                for (int t = first; t < end; t++) {
                    int place = (int) (at + t - from);
                    tokens[place] = document.tokens()[t];
                    learned.set(place, document.learned().get(t));
                }
                at += document.tokens().length;
            }
        }
        return new ExampleTokens.Encoded(tokens, learned);
    }
}
