// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import dev.jacobian.rl.reward.Columns;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * tower_of_hanoi: 1 for as few moves as the stored solution has, their share for more, 0.05 where allowed moves do not arrive.
 * Right is whatever arrives.
 */
record HanoiMoves() implements GymScorer {
    private static final Pattern MOVE = Pattern.compile("Move disk (\\d{1,3}) from Peg (\\d{1,3}) to Peg (\\d{1,3})");

    @Override
    public double score(Columns row, String answer) {
        List<String> moves = Python.split(answer.strip(), "\n");
        return switch (play(Row.metadata(row), moves)) {
            case FORBIDDEN -> 0;
            case ELSEWHERE -> 0.05;
            case ARRIVED -> Math.min(1, Row.metadata(row).integer("solution_length") / (double) moves.size());
        };
    }

    @Override
    public boolean isRight(Columns row, String answer) {
        return play(Row.metadata(row), Python.split(answer.strip(), "\n")) == End.ARRIVED;
    }

    private enum End {
        FORBIDDEN,
        ELSEWHERE,
        ARRIVED
    }

    private static End play(Columns puzzle, List<String> moves) {
        int disks = (int) puzzle.integer("num_disks");
        List<Deque<Integer>> pegs = new ArrayList<>(); // the top disk first
        for (int peg = 0; peg <= puzzle.integer("num_pegs"); peg++) {
            pegs.add(new ArrayDeque<>());
        }
        for (int disk = disks; disk > 0; disk--) {
            pegs.get((int) puzzle.integer("start_peg")).push(disk);
        }
        for (String text : moves) {
            Matcher move = MOVE.matcher(text.strip());
            if (!move.matches()) {
                return End.FORBIDDEN;
            }
            int disk = Integer.parseInt(move.group(1));
            int from = Integer.parseInt(move.group(2));
            int to = Integer.parseInt(move.group(3));
            boolean onBoard = from > 0 && to > 0 && from < pegs.size() && to < pegs.size();
            if (!onBoard || !Objects.equals(pegs.get(from).peek(), disk)) {
                return End.FORBIDDEN;
            }
            Integer below = pegs.get(to).peek();
            if (below != null && below < disk) {
                return End.FORBIDDEN;
            }
            pegs.get(to).push(pegs.get(from).pop());
        }
        return pegs.get((int) puzzle.integer("target_peg")).size() == disks ? End.ARRIVED : End.ELSEWHERE;
    }
}
