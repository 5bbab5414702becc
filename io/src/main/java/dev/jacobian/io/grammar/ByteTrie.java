// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.List;

/**
 * Writes a list of words as the tree of their beginnings: however many there are, a byte leads on in one way. Without recursion,
 * since a word may be long.
 */
final class ByteTrie {
    private final ProgramBuilder out;
    private final int next;
    private final Deque<Node> open = new ArrayDeque<>(); // along the current word, the last byte first

    /** What can follow the beginning of a word. */
    private static final class Node {
        final int label; // the byte that leads here
        final List<int[]> ways = new ArrayList<>();
        boolean word;

        Node(int label) {
            this.label = label;
        }
    }

    private ByteTrie(ProgramBuilder out, int next) {
        this.out = out;
        this.next = next;
    }

    static int write(ProgramBuilder out, Collection<String> words, int next) {
        byte[][] sorted = words.stream()
                .map(word -> word.getBytes(StandardCharsets.UTF_8))
                .sorted(Arrays::compareUnsigned)
                .toArray(byte[][]::new);
        ByteTrie trie = new ByteTrie(out, next);
        trie.open.push(new Node(-1));
        byte[] before = new byte[0];
        for (byte[] word : sorted) {
            int common = Arrays.mismatch(before, word);
            trie.closeTo(common < 0 ? word.length : common);
            for (int i = common < 0 ? word.length : common; i < word.length; i++) {
                trie.open.push(new Node(word[i] & 0xFF));
            }
            trie.open.element().word = true;
            before = word;
        }
        trie.closeTo(0);
        return trie.written(trie.open.pop());
    }

    private void closeTo(int depth) {
        while (open.size() > depth + 1) {
            Node node = open.pop();
            open.element().ways.add(new int[] {node.label, node.label, written(node)});
        }
    }

    private int written(Node node) {
        if (node.ways.isEmpty()) {
            return node.word ? next : out.nothing();
        }
        int bytes = out.bytes(node.ways);
        return node.word ? out.split(next, bytes) : bytes;
    }
}
