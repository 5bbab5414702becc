// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** A shortest way between two cells of a grid with walls. Every way of the least length is right. */
record Maze() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "maze",
                PuzzleFamily.GRAPHS,
                "find a shortest way through a maze; difficulty adds a row and a column",
                new Levels(1, 1, 8));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        int size = 4 + difficulty;
        while (true) {
            char[] cells = new char[size * size];
            for (int i = 0; i < cells.length; i++) {
                cells[i] = rng.nextInt(10) < 3 ? '#' : '.';
            }
            List<Integer> ends = Draws.permutation(rng, cells.length).subList(0, 2);
            cells[ends.get(0)] = 'S';
            cells[ends.get(1)] = 'G';
            String map = new String(cells);
            String way = shortest(map, size);
            if (way.length() >= size) {
                return new Question(
                        "Find a shortest way from S to G in this maze, past the walls (#). Write its steps as one word"
                                + " of the letters U (up), D (down), L (left) and R (right).\n" + lines(map, size),
                        way,
                        Map.of("map", map, "size", size, "length", way.length()));
            }
        }
    }

    @Override
    public boolean solves(Columns question, String answer) {
        String map = question.string("map");
        int size = (int) question.integer("size");
        int at = map.indexOf('S');
        for (int i = 0; i < answer.length() && at >= 0; i++) {
            at = after(map, size, at, answer.charAt(i));
        }
        return at >= 0 && map.charAt(at) == 'G' && answer.length() == question.integer("length");
    }

    private static final String STEPS = "UDLR";

    /** The cell behind a step; -1 if it cannot be taken. */
    private static int after(String map, int size, int at, char step) {
        int row = at / size + (step == 'D' ? 1 : step == 'U' ? -1 : 0);
        int column = at % size + (step == 'R' ? 1 : step == 'L' ? -1 : 0);
        boolean inside = row >= 0 && row < size && column >= 0 && column < size;
        return inside && STEPS.indexOf(step) >= 0 && map.charAt(row * size + column) != '#' ? row * size + column : -1;
    }

    /** The first of the shortest ways; empty if there is none. */
    private static String shortest(String map, int size) {
        Map<Integer, String> ways = new HashMap<>(Map.of(map.indexOf('S'), ""));
        Deque<Integer> open = new ArrayDeque<>(ways.keySet());
        while (!open.isEmpty()) {
            int at = open.remove();
            String way = Objects.requireNonNull(ways.get(at));
            if (map.charAt(at) == 'G') {
                return way;
            }
            for (char step : STEPS.toCharArray()) {
                int next = after(map, size, at, step);
                if (next >= 0 && ways.putIfAbsent(next, way + step) == null) {
                    open.add(next);
                }
            }
        }
        return "";
    }

    private static String lines(String map, int size) {
        StringBuilder lines = new StringBuilder();
        for (int row = 0; row < size; row++) {
            lines.append(row == 0 ? "" : "\n").append(map, row * size, (row + 1) * size);
        }
        return lines.toString();
    }
}
