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
    private static final CodePointSet UNUSUAL = CodePointSet.range(' ', 0x7F)
            .minus(CodePointSet.ofCharacters("\"\\"))
            .not();

    private final ProgramBuilder out;
    private final int close;
    private final int anything;
    private final int unusual; // a character that no name has at its place, as long as all names are of usual ones
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
        unusual = JsonStrings.letter(out, UNUSUAL, anything);
    }

    /** Whether a character stands for itself and takes a byte. */
    private static boolean isUsual(int c) {
        return c >= ' ' && c <= 0x7F && c != '"' && c != '\\';
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
            int behind = written(node);
            parent.ways.add(
                    isUsual(node.label)
                            ? out.bytes(List.of(new int[] {node.label, node.label, behind}))
                            : JsonStrings.letter(out, CodePointSet.single(node.label), behind));
        }
    }

    private int written(Node node) {
        List<Integer> ways = new ArrayList<>(node.ways);
        ways.add(usual(node.taken));
        List<int[]> taken = node.taken.stream()
                .filter(c -> !isUsual(c))
                .map(c -> new int[] {c, c})
                .toList();
        ways.add(taken.isEmpty() ? unusual : JsonStrings.letter(out, UNUSUAL.minus(CodePointSet.of(taken)), anything));
        if (!node.name) {
            ways.add(close);
        }
        return out.split(ways);
    }

    /** One of the usual characters that are not taken. */
    private int usual(Set<Integer> taken) {
        List<int[]> ranges = new ArrayList<>();
        for (int c = ' '; c <= 0x7F; c++) {
            if (isUsual(c) && !taken.contains(c)) {
                int[] last = ranges.isEmpty() ? null : ranges.getLast();
                if (last != null && last[1] == c - 1) {
                    last[1] = c;
                } else {
                    ranges.add(new int[] {c, c, anything});
                }
            }
        }
        return out.bytes(ranges);
    }
}
