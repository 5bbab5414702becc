// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import dev.jacobian.io.grammar.Program.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/**
 * How deep calls must nest, at least, to get from each instruction to the end of its rule.
 *
 * <p>Nesting is limited, and a text must never be led where the limit leaves no way to end it: a way is open only if what it
 * needs fits. An instruction from which there is no end at all (a list whose elements must be such lists) needs infinitely
 * much, so such ways are never open either.
 *
 * <p>Computed in the order of the result, as shortest paths are: what needs least is final first.
 */
final class Heights {
    /** Of an instruction from which there is no end. */
    static final int ENDLESS = Integer.MAX_VALUE / 2;

    private final Program program;
    private final int[] heights;
    private final int[][] before; // instructions that lead to each
    private final List<Deque<Integer>> open = new ArrayList<>(); // by height

    private Heights(Program program) {
        this.program = program;
        heights = new int[program.size()];
        Arrays.fill(heights, ENDLESS);
        before = predecessors(program);
    }

    static int[] of(Program program) {
        Heights heights = new Heights(program);
        for (int pc = 0; pc < program.size(); pc++) {
            if (program.kinds()[pc] == Kind.RETURN) {
                heights.offer(pc, 0);
            }
        }
        for (int height = 0; height < heights.open.size(); height++) {
            while (!heights.open.get(height).isEmpty()) {
                int pc = heights.open.get(height).pop();
                for (int earlier : heights.before[pc]) {
                    heights.reach(earlier, height);
                }
            }
        }
        return heights.heights;
    }

    /** One of the instructions that {@code pc} leads to has become final. */
    private void reach(int pc, int height) {
        if (heights[pc] != ENDLESS) {
            return;
        }
        if (program.kinds()[pc] != Kind.CALL) {
            offer(pc, height);
            return;
        }
        int inside = heights[program.rules().get(program.first()[pc]).start()];
        int behind = heights[program.second()[pc]];
        if (inside != ENDLESS && behind != ENDLESS) {
            offer(pc, Math.max(inside + 1, behind));
        }
    }

    private void offer(int pc, int height) {
        heights[pc] = height;
        while (open.size() <= height) {
            open.add(new ArrayDeque<>());
        }
        open.get(height).push(pc);
    }

    private static int[][] predecessors(Program program) {
        int[] counts = new int[program.size()];
        forEachEdge(program, (from, to) -> counts[to]++);
        int[][] before = new int[program.size()][];
        Arrays.setAll(before, pc -> new int[counts[pc]]);
        forEachEdge(program, (from, to) -> before[to][--counts[to]] = from);
        return before;
    }

    private interface Edge {
        void see(int from, int to);
    }

    private static void forEachEdge(Program program, Edge edge) {
        for (int pc = 0; pc < program.size(); pc++) {
            switch (program.kinds()[pc]) {
                case Kind.SWITCH -> {
                    int[] table = program.tables()[pc];
                    for (int i = 2; i < table.length; i += 3) {
                        edge.see(pc, table[i]);
                    }
                }
                case Kind.SPLIT -> {
                    edge.see(pc, program.first()[pc]);
                    edge.see(pc, program.second()[pc]);
                }
                case Kind.CALL -> {
                    edge.see(pc, program.rules().get(program.first()[pc]).start());
                    edge.see(pc, program.second()[pc]);
                }
                default -> {} // RETURN leads where the caller says
            }
        }
    }
}
