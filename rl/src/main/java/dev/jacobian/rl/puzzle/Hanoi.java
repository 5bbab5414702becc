// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The tower of Hanoi from one position to another, in at most twice the moves that are needed: 3^n positions, of which a search
 * from the start visits each once.
 */
record Hanoi() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "hanoi",
                PuzzleFamily.GAMES,
                "move the disks of a tower between positions; difficulty adds a disk",
                Levels.upTo(4));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        int disks = 3 + difficulty;
        int states = power(disks);
        int start = rng.nextInt(states);
        int goal;
        do {
            goal = rng.nextInt(states);
        } while (goal == start);
        List<String> moves = shortest(start, goal, disks);
        return new Question(
                "Disks 1 (the smallest) to " + disks
                        + " (the largest) lie on pegs A, B and C. Only the top disk of a peg may"
                        + " move, and never onto a smaller one. Now: " + position(start, disks) + ". Wanted: "
                        + position(goal, disks) + ". Write at most " + 2 * moves.size() + " moves, separated by blanks:"
                        + " AB moves the top disk of A to B.",
                Words.join(moves),
                Map.of("disks", disks, "start", start, "goal", goal, "most", 2 * moves.size()));
    }

    @Override
    public boolean solves(Columns question, String answer) {
        int disks = (int) question.integer("disks");
        int state = (int) question.integer("start");
        List<String> moves = Words.of(answer);
        if (moves.size() > question.integer("most")) {
            return false;
        }
        for (String move : moves) {
            state = MOVES.contains(move) ? after(state, move, disks) : -1;
            if (state < 0) {
                return false;
            }
        }
        return state == question.integer("goal");
    }

    private static final List<String> MOVES = List.of("AB", "AC", "BA", "BC", "CA", "CB");

    private static int power(int disks) {
        return (int) Math.pow(3, disks);
    }

    /** Digit d of a state in base 3 is the peg of disk d, from the smallest. */
    private static int peg(int state, int disk) {
        return state / power(disk) % 3;
    }

    /** The state after a move; -1 if it is not allowed. */
    private static int after(int state, String move, int disks) {
        int from = move.charAt(0) - 'A';
        int to = move.charAt(1) - 'A';
        for (int disk = 0; disk < disks; disk++) {
            int peg = peg(state, disk);
            if (peg == to) {
                return -1;
            }
            if (peg == from) {
                return state + (to - from) * power(disk);
            }
        }
        return -1;
    }

    private static List<String> shortest(int start, int goal, int disks) {
        Map<Integer, String> reachedBy = new HashMap<>(Map.of(start, ""));
        Deque<Integer> open = new ArrayDeque<>(List.of(start));
        while (!reachedBy.containsKey(goal)) {
            int state = open.remove();
            for (String move : MOVES) {
                int next = after(state, move, disks);
                if (next >= 0 && reachedBy.putIfAbsent(next, move) == null) {
                    open.add(next);
                }
            }
        }
        List<String> moves = new ArrayList<>();
        for (int state = goal; state != start; ) {
            String move = Objects.requireNonNull(reachedBy.get(state));
            moves.addFirst(move);
            state = after(state, move.substring(1) + move.charAt(0), disks);
        }
        return moves;
    }

    private static String position(int state, int disks) {
        List<String> pegs = new ArrayList<>();
        for (int peg = 0; peg < 3; peg++) {
            List<Integer> on = new ArrayList<>();
            for (int disk = 0; disk < disks; disk++) {
                if (peg(state, disk) == peg) {
                    on.add(disk + 1);
                }
            }
            pegs.add(Vocabulary.letter(peg) + " has " + (on.isEmpty() ? "none" : Words.join(on, ", ")));
        }
        return String.join("; ", pegs);
    }
}
