// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import java.util.Arrays;
import java.util.function.IntFunction;

/**
 * All tokens as the tree of their beginnings, laid out in arrays in the order of a walk: a node, then what is below it. A walk that finds
 * a node impossible jumps behind all that begins with it.
 */
final class VocabularyTrie {
    private final byte[] labels; // byte that leads to each node
    private final short[] depths; // from 1
    private final int[] ends; // first node that is not below
    private final int[] tokens; // index of the first id of each node in `ids`
    private final int[] ids; // of all nodes, in their order
    private final int deepest;

    private VocabularyTrie(byte[] labels, short[] depths, int[] ends, int[] tokens, int[] ids, int deepest) {
        this.labels = labels;
        this.depths = depths;
        this.ends = ends;
        this.tokens = tokens;
        this.ids = ids;
        this.deepest = deepest;
    }

    /** @param bytes of each id below {@code size}; none if the id is not in the tree */
    static VocabularyTrie of(int size, IntFunction<byte[]> bytes) {
        record Entry(byte[] bytes, int id) {}
        Entry[] entries = java.util.stream.IntStream.range(0, size)
                .mapToObj(id -> new Entry(bytes.apply(id), id))
                .filter(entry -> entry.bytes().length > 0 && entry.bytes().length < Short.MAX_VALUE)
                .sorted((a, b) -> {
                    int order = Arrays.compareUnsigned(a.bytes(), b.bytes());
                    return order != 0 ? order : Integer.compare(a.id(), b.id());
                })
                .toArray(Entry[]::new);
        int nodes = 0;
        int deepest = 0;
        byte[] before = new byte[0];
        for (Entry entry : entries) {
            nodes += entry.bytes().length - common(before, entry.bytes());
            deepest = Math.max(deepest, entry.bytes().length);
            before = entry.bytes();
        }
        byte[] labels = new byte[nodes];
        short[] depths = new short[nodes];
        int[] ends = new int[nodes];
        int[] tokens = new int[nodes + 1];
        int[] ids = new int[entries.length];
        int[] path = new int[deepest + 1]; // node at each depth
        int node = 0;
        before = new byte[0];
        for (int i = 0; i < entries.length; i++) {
            byte[] now = entries[i].bytes();
            int common = common(before, now);
            for (int depth = common + 1; depth <= before.length; depth++) {
                ends[path[depth]] = node;
            }
            for (int depth = common + 1; depth <= now.length; depth++) {
                path[depth] = node;
                labels[node] = now[depth - 1];
                depths[node] = (short) depth;
                tokens[node] = i;
                node++;
            }
            ids[i] = entries[i].id();
            before = now;
        }
        for (int depth = 1; depth <= before.length; depth++) {
            ends[path[depth]] = node;
        }
        tokens[nodes] = entries.length;
        return new VocabularyTrie(labels, depths, ends, tokens, ids, deepest);
    }

    private static int common(byte[] a, byte[] b) {
        int common = Arrays.mismatch(a, b);
        return common < 0 ? a.length : common;
    }

    /** Sets the bits of all ids whose bytes may come in a state. */
    void allowed(Automaton automaton, Automaton.State state, long[] bits) {
        Automaton.State[] path = new Automaton.State[deepest + 1];
        path[0] = state;
        for (int node = 0; node < labels.length; ) {
            int depth = depths[node];
            Automaton.State to = automaton.step(path[depth - 1], labels[node] & 0xFF);
            if (to == null) {
                node = ends[node];
                continue;
            }
            path[depth] = to;
            for (int i = tokens[node]; i < tokens[node + 1]; i++) {
                bits[ids[i] >> 6] |= 1L << ids[i];
            }
            node++;
        }
    }
}
