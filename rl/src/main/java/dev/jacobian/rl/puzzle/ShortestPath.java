// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** A shortest path in a connected graph with lengths. Every path of the least length is right. */
record ShortestPath() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "shortest-path",
                PuzzleFamily.GRAPHS,
                "find a shortest way through a road map; difficulty adds two towns",
                new Levels(1, 2, 6));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        int towns = 3 + 2 * difficulty;
        List<Integer> roads = new ArrayList<>(); // three numbers each: from, to, length
        for (int town = 1; town < towns; town++) {
            add(roads, rng, rng.nextInt(town), town);
        }
        while (roads.size() < 3 * (2 * towns - 2)) {
            int from = rng.nextInt(towns);
            int to = rng.nextInt(towns);
            if (from != to && length(roads, from, to) < 0) {
                add(roads, rng, from, to);
            }
        }
        List<Integer> ends = Draws.permutation(rng, towns).subList(0, 2);
        List<Integer> path = shortest(roads, towns, ends.get(0), ends.get(1));
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < roads.size(); i += 3) {
            lines.add(Vocabulary.letter(roads.get(i)) + "-" + Vocabulary.letter(roads.get(i + 1)) + " "
                    + roads.get(i + 2));
        }
        return new Question(
                "Roads between towns, with their lengths: " + Words.join(lines, ", ") + ". Find a shortest way from "
                        + Vocabulary.letter(ends.get(0)) + " to " + Vocabulary.letter(ends.get(1))
                        + ". Write its towns in order, separated by blanks.",
                Words.join(path.stream().map(Vocabulary::letter).toList()),
                Map.of("roads", List.copyOf(roads), "ends", List.copyOf(ends), "length", length(roads, path)));
    }

    @Override
    public boolean solves(Columns question, String answer) {
        List<Integer> roads =
                question.integers("roads").stream().map(Long::intValue).toList();
        List<Long> ends = question.integers("ends");
        List<Integer> path = Words.of(answer).stream()
                .map(town -> Vocabulary.index(town, 26))
                .toList();
        return path.size() > 1
                && path.size() <= 26
                && path.getFirst() == ends.get(0).intValue()
                && path.getLast() == ends.get(1).intValue()
                && length(roads, path) == question.integer("length");
    }

    private static void add(List<Integer> roads, Rng rng, int from, int to) {
        roads.addAll(List.of(from, to, Draws.between(rng, 1, 20)));
    }

    /** The length of a road; -1 if there is none. */
    private static int length(List<Integer> roads, int from, int to) {
        for (int i = 0; i < roads.size(); i += 3) {
            int one = roads.get(i);
            int other = roads.get(i + 1);
            if (one == from && other == to || one == to && other == from) {
                return roads.get(i + 2);
            }
        }
        return -1;
    }

    /** The length of a path; -1 if there is no such path. */
    private static int length(List<Integer> roads, List<Integer> path) {
        int sum = 0;
        for (int i = 1; i < path.size(); i++) {
            int length = length(roads, path.get(i - 1), path.get(i));
            if (length < 0) {
                return -1;
            }
            sum += length;
        }
        return sum;
    }

    /** Bellman and Ford: each round shortens what one more road can shorten. */
    private static List<Integer> shortest(List<Integer> roads, int towns, int start, int goal) {
        int[] distance = new int[towns];
        int[] before = new int[towns];
        Arrays.fill(distance, Integer.MAX_VALUE / 2);
        distance[start] = 0;
        for (int round = 1; round < towns; round++) {
            for (int from = 0; from < towns; from++) {
                for (int to = 0; to < towns; to++) {
                    int length = length(roads, from, to);
                    if (length >= 0 && distance[from] + length < distance[to]) {
                        distance[to] = distance[from] + length;
                        before[to] = from;
                    }
                }
            }
        }
        List<Integer> path = new ArrayList<>(List.of(goal));
        while (path.getFirst() != start) {
            path.addFirst(before[path.getFirst()]);
        }
        return path;
    }
}
