// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A move of Nim after which the opponent has lost: the heaps' sizes, combined by exclusive or, are 0. There is one at least. */
record Nim() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "nim", PuzzleFamily.GAMES, "find a winning move of Nim; difficulty adds a heap", new Levels(1, 1, 6));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        List<Integer> heaps = new ArrayList<>();
        do {
            heaps.clear();
            for (int i = 0; i < 2 + difficulty; i++) {
                heaps.add(Draws.between(rng, 1, 30));
            }
        } while (sum(heaps) == 0);
        int sum = sum(heaps);
        int heap = 0;
        while ((heaps.get(heap) ^ sum) >= heaps.get(heap)) {
            heap++;
        }
        return new Question(
                "In Nim two players take turns; a turn takes any number of stones, at least one, from one heap, and"
                        + " whoever takes the last stone wins. The heaps have " + Words.join(heaps, ", ")
                        + " stones. Write a winning"
                        + " move as two numbers: which heap, from 1, and how many stones to take.",
                (heap + 1) + " " + (heaps.get(heap) - (heaps.get(heap) ^ sum)),
                Map.of("heaps", List.copyOf(heaps)));
    }

    @Override
    public boolean solves(Columns question, String answer) {
        List<Integer> heaps = new ArrayList<>(
                question.integers("heaps").stream().map(Long::intValue).toList());
        List<Long> move = Words.integers(answer).orElse(List.of());
        if (move.size() != 2 || move.get(0) < 1 || move.get(0) > heaps.size()) {
            return false;
        }
        int heap = (int) (move.get(0) - 1);
        if (move.get(1) < 1 || move.get(1) > heaps.get(heap)) {
            return false;
        }
        heaps.set(heap, (int) (heaps.get(heap) - move.get(1)));
        return sum(heaps) == 0;
    }

    private static int sum(List<Integer> heaps) {
        return heaps.stream().reduce(0, (a, b) -> a ^ b);
    }
}
