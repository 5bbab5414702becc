// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Three jugs of known size, empty at first, and an amount that one of them has to hold in the end. */
record Jugs() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "jugs",
                PuzzleFamily.GAMES,
                "measure an amount of water with three jugs; difficulty is the steps that are needed",
                Levels.upTo(6));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        int needed = difficulty + 2;
        while (true) {
            int[] sizes = {Draws.between(rng, 3, 20), Draws.between(rng, 5, 40), Draws.between(rng, 8, 60)};
            Map<Integer, List<String>> ways = ways(sizes, needed);
            List<Map.Entry<Integer, List<String>>> exact = ways.entrySet().stream()
                    .filter(way -> way.getValue().size() == needed)
                    .toList();
            if (!exact.isEmpty()) {
                Map.Entry<Integer, List<String>> chosen = Draws.pick(rng, exact);
                int amount = chosen.getKey();
                return new Question(
                        "Jug A holds " + sizes[0] + " liters, jug B " + sizes[1] + " and jug C " + sizes[2]
                                + ". All are"
                                + " empty; there is water without end. Measure exactly " + amount + " liters in one of"
                                + " them. Steps are:"
                                + " fill A; empty A;"
                                + " pour A B (until"
                                + " A is empty or B"
                                + " is full). Write"
                                + " at most"
                                + " " + MOST + " steps, separated by semicolons.",
                        String.join("; ", chosen.getValue()),
                        Map.of("sizes", List.of(sizes[0], sizes[1], sizes[2]), "amount", amount));
            }
        }
    }

    @Override
    public boolean solves(Columns question, String answer) {
        int[] sizes =
                question.integers("sizes").stream().mapToInt(Long::intValue).toArray();
        List<String> words = Words.of(answer);
        int[] water = new int[sizes.length];
        int steps = 0;
        for (int i = 0; i < words.size() && steps <= MOST; steps++) {
            int length = words.get(i).equals("pour") ? 3 : 2;
            if (i + length > words.size() || !take(words.subList(i, i + length), sizes, water)) {
                return false;
            }
            i += length;
        }
        long amount = question.integer("amount");
        return steps <= MOST && Arrays.stream(water).anyMatch(held -> held == amount);
    }

    private static final int MOST = 40;

    private static final List<List<String>> STEPS = Stream.of(
                    "fill A",
                    "fill B",
                    "fill C",
                    "empty A",
                    "empty B",
                    "empty C",
                    "pour A B",
                    "pour A C",
                    "pour B A",
                    "pour B C",
                    "pour C A",
                    "pour C B")
            .map(Words::of)
            .toList();

    /** Takes one step; false if it is none. */
    private static boolean take(List<String> step, int[] sizes, int[] water) {
        int jug = Vocabulary.index(step.get(1), sizes.length);
        int to = step.size() == 3 ? Vocabulary.index(step.get(2), sizes.length) : jug;
        if (jug < 0 || to < 0) {
            return false;
        }
        switch (step.getFirst()) {
            case "fill" -> water[jug] = sizes[jug];
            case "empty" -> water[jug] = 0;
            case "pour" -> {
                int poured = jug == to ? 0 : Math.min(water[jug], sizes[to] - water[to]);
                water[jug] -= poured;
                water[to] += poured;
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    /** The fewest steps to each amount that some steps at most can measure. */
    private static Map<Integer, List<String>> ways(int[] sizes, int most) {
        int states = (sizes[0] + 1) * (sizes[1] + 1) * (sizes[2] + 1);
        int[] before = new int[states];
        int[] by = new int[states];
        int[] depth = new int[states];
        int[] open = new int[states];
        Arrays.fill(by, -1);
        Map<Integer, List<String>> ways = new TreeMap<>();
        int ends = 1; // open[0] is the state of empty jugs
        for (int begins = 0; begins < ends && depth[open[begins]] < most; begins++) {
            for (int step = 0; step < STEPS.size(); step++) {
                int[] water = water(open[begins], sizes);
                take(STEPS.get(step), sizes, water);
                int next = (water[2] * (sizes[1] + 1) + water[1]) * (sizes[0] + 1) + water[0];
                if (next != 0 && by[next] < 0) {
                    before[next] = open[begins];
                    by[next] = step;
                    depth[next] = depth[open[begins]] + 1;
                    open[ends++] = next;
                    for (int held : water) {
                        if (held > 0) {
                            ways.computeIfAbsent(held, amount -> path(next, before, by));
                        }
                    }
                }
            }
        }
        return ways;
    }

    private static int[] water(int state, int[] sizes) {
        int rest = state / (sizes[0] + 1);
        return new int[] {state % (sizes[0] + 1), rest % (sizes[1] + 1), rest / (sizes[1] + 1)};
    }

    private static List<String> path(int last, int[] before, int[] by) {
        List<String> steps = new ArrayList<>();
        for (int state = last; state != 0; state = before[state]) {
            steps.addFirst(Words.join(STEPS.get(by[state])));
        }
        return steps;
    }
}
