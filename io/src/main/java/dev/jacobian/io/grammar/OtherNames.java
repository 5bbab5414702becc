// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Writes the names, with quotes, that are none of some others: along the tree of those a name may leave it anywhere, or end where
 * none of them does. Each character has one spelling ({@link JsonStrings#letter}), so that no name comes in by another.
 */
final class OtherNames {
    private final ProgramBuilder out;
    private final int close;
    private final int anything;
    private final Deque<Node> open = new ArrayDeque<>();

    private static final class Node {
        final int label;
        final List<Integer> ways = new ArrayList<>();
        final Set<Integer> taken = new HashSet<>();
        boolean name;

        Node(int label) {
            this.label = label;
        }
    }

    private OtherNames(ProgramBuilder out, int next) {
        this.out = out;
        close = out.text("\"", next);
        anything = out.loop(again -> JsonStrings.letter(out, CodePointSet.ALL, again), close);
    }

    static int write(ProgramBuilder out, Collection<String> names, int next) {
        OtherNames writer = new OtherNames(out, next);
        writer.open.push(new Node(-1));
        int[] before = {};
        for (String name : new TreeSet<>(names)) {
            int[] characters = name.codePoints().toArray();
            int common = java.util.Arrays.mismatch(before, characters);
            int depth = common < 0 ? characters.length : common;
            writer.closeTo(depth);
            for (int i = depth; i < characters.length; i++) {
                writer.open.push(new Node(characters[i]));
            }
            writer.open.element().name = true;
            before = characters;
        }
        writer.closeTo(0);
        return out.text("\"", writer.written(writer.open.pop()));
    }

    private void closeTo(int depth) {
        while (open.size() > depth + 1) {
            Node node = open.pop();
            Node parent = open.element();
            parent.taken.add(node.label);
            parent.ways.add(JsonStrings.letter(out, CodePointSet.single(node.label), written(node)));
        }
    }

    private int written(Node node) {
        List<Integer> ways = new ArrayList<>(node.ways);
        CodePointSet others = CodePointSet.of(
                        node.taken.stream().map(c -> new int[] {c, c}).toList())
                .not();
        ways.add(JsonStrings.letter(out, others, anything));
        if (!node.name) {
            ways.add(close);
        }
        return out.split(ways);
    }
}
