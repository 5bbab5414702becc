// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import java.util.Arrays;

/**
 * Tokens by their characters, for finding all that begin at a place of a text. A node is a number; one hash table leads from a
 * node and a character to the next node, so that a vocabulary of 250,000 tokens takes some megabytes and no object for each.
 */
final class TokenTrie {
    /** Where every token begins. */
    static final int ROOT = 0;

    /** No such node, and no such id. */
    static final int NONE = -1;

    private long[] keys = new long[1024]; // 1 + (node << 16 | character); 0 where a slot is free
    private int[] children = new int[1024];
    private int[] ids = new int[512]; // by node
    private int nodes = 1;

    TokenTrie() {
        Arrays.fill(ids, NONE);
    }

    /** Adds the characters of {@code token} from {@code from} on, with an id; the last one added for the same characters counts. */
    void put(String token, int from, int id) {
        int node = ROOT;
        for (int i = from; i < token.length(); i++) {
            int next = child(node, token.charAt(i));
            node = next == NONE ? grow(node, token.charAt(i)) : next;
        }
        ids[node] = id;
    }

    /** The node behind a character, or {@link #NONE}. */
    int child(int node, char c) {
        int slot = slot(keys, key(node, c));
        return keys[slot] == 0 ? NONE : children[slot];
    }

    /** The id of the token that ends at a node, or {@link #NONE}. */
    int id(int node) {
        return ids[node];
    }

    private int grow(int parent, char c) {
        if (3L * nodes >= 2L * keys.length) {
            rehash();
        }
        if (nodes == ids.length) {
            ids = Arrays.copyOf(ids, nodes * 2);
            Arrays.fill(ids, nodes, ids.length, NONE);
        }
        long key = key(parent, c);
        int slot = slot(keys, key);
        keys[slot] = key;
        children[slot] = nodes;
        return nodes++;
    }

    private void rehash() {
        long[] oldKeys = keys;
        int[] oldChildren = children;
        keys = new long[oldKeys.length * 2];
        children = new int[keys.length];
        for (int i = 0; i < oldKeys.length; i++) {
            if (oldKeys[i] != 0) {
                int slot = slot(keys, oldKeys[i]);
                keys[slot] = oldKeys[i];
                children[slot] = oldChildren[i];
            }
        }
    }

    private static long key(int node, char c) {
        return ((long) node << 16 | c) + 1;
    }

    private static int slot(long[] keys, long key) {
        int slot =
                (int) (key * 0x9E3779B97F4A7C15L >>> Long.numberOfLeadingZeros(keys.length) + 1); // Fibonacci hashing
        while (keys[slot] != 0 && keys[slot] != key) {
            slot = slot + 1 & keys.length - 1;
        }
        return slot;
    }
}
