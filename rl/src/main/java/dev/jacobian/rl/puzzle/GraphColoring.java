// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Three colors for regions of which no two neighbors may have the same. There is a coloring, and every one is right. */
record GraphColoring() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "graph-coloring",
                PuzzleFamily.GRAPHS,
                "color the regions of a map with three colors; difficulty adds three regions",
                Levels.upTo(6));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        int regions = 4 + 3 * difficulty;
        List<Integer> colors = new ArrayList<>();
        for (int region = 0; region < regions; region++) {
            colors.add(region < COLORS ? region + 1 : Draws.between(rng, 1, COLORS));
        }
        List<Integer> hidden = Draws.shuffled(rng, colors);
        List<List<Integer>> possible = new ArrayList<>();
        for (int one = 0; one < regions; one++) {
            for (int other = one + 1; other < regions; other++) {
                if (!hidden.get(one).equals(hidden.get(other))) {
                    possible.add(List.of(one, other));
                }
            }
        }
        List<List<Integer>> borders =
                Draws.shuffled(rng, possible).stream().limit(2L * regions).toList();
        List<String> text = borders.stream()
                .map(border -> Vocabulary.letter(border.get(0)) + "-" + Vocabulary.letter(border.get(1)))
                .toList();
        return new Question(
                "A map has the regions A to " + Vocabulary.letter(regions - 1) + ". These are neighbors: "
                        + Words.join(text, ", ") + ". Give every region one of the colors 1, 2 and 3, so that neighbors"
                        + " differ. Write the colors of all regions from A on, separated by blanks.",
                Words.join(hidden),
                Map.of(
                        "regions",
                        regions,
                        "borders",
                        borders.stream().flatMap(List::stream).toList()));
    }

    @Override
    public boolean solves(Columns question, String answer) {
        List<Long> colors = Words.integers(answer).orElse(List.of());
        List<Long> borders = question.integers("borders");
        if (colors.size() != question.integer("regions")
                || colors.stream().anyMatch(color -> color < 1 || color > COLORS)) {
            return false;
        }
        for (int i = 0; i < borders.size(); i += 2) {
            if (colors.get(borders.get(i).intValue())
                    .equals(colors.get(borders.get(i + 1).intValue()))) {
                return false;
            }
        }
        return true;
    }

    private static final int COLORS = 3;
}
