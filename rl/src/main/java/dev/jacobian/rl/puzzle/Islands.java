// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;

/** How many pieces of land there are, where land is connected across edges and not across corners. */
record Islands() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "islands",
                PuzzleFamily.COUNTING,
                "count the connected pieces of land on a map; difficulty adds a row and a column",
                new Levels(1, 2, 8));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        int size = 3 + difficulty;
        boolean[] land = new boolean[size * size];
        for (int i = 0; i < land.length; i++) {
            land[i] = rng.nextInt(5) < 2;
        }
        StringBuilder map = new StringBuilder();
        for (int i = 0; i < land.length; i++) {
            map.append(land[i] ? '#' : '.').append(i % size == size - 1 ? "\n" : "");
        }
        int pieces = 0;
        for (int i = 0; i < land.length; i++) {
            if (land[i]) {
                sink(land, size, i);
                pieces++;
            }
        }
        return new Question(
                "On this map # is land and . is water. Land that touches along an edge, not only at a corner, is one"
                        + " island. How many islands are there?\n"
                        + map.toString().stripTrailing(),
                Integer.toString(pieces));
    }

    @Override
    public boolean solves(Columns question, String answer) {
        return Words.isInteger(answer, question.string("answer"));
    }

    private static void sink(boolean[] land, int size, int at) {
        if (!land[at]) {
            return;
        }
        land[at] = false;
        if (at % size > 0) {
            sink(land, size, at - 1);
        }
        if (at % size < size - 1) {
            sink(land, size, at + 1);
        }
        if (at >= size) {
            sink(land, size, at - size);
        }
        if (at + size < land.length) {
            sink(land, size, at + size);
        }
    }
}
