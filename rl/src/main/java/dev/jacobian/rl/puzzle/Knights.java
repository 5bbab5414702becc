// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.IntPredicate;

/**
 * Knights, who always tell the truth, and knaves, who always lie. Statements are drawn, true of a knight and false of a knave,
 * until they leave one possibility.
 */
record Knights() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "knights",
                PuzzleFamily.LOGIC,
                "find who tells the truth from what people say; difficulty adds a person",
                Levels.upTo(5));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        int people = 3 + difficulty;
        int knights = rng.nextInt(1 << people); // a bit each
        List<String> says = new ArrayList<>();
        List<Integer> possible;
        do {
            says.clear();
            possible = new ArrayList<>();
            for (int world = 0; world < 1 << people; world++) {
                possible.add(world);
            }
            for (int person = 0; person < people; person++) {
                int speaker = person;
                Claim claim;
                do {
                    claim = claim(rng, people, speaker);
                } while (claim.isTrue(knights) != isKnight(knights, speaker));
                Claim made = claim;
                possible.removeIf(world -> made.isTrue(world) != isKnight(world, speaker));
                says.add(Vocabulary.NAMES.get(person) + " says: \"" + made.text() + ".\"");
            }
        } while (possible.size() > 1);
        return new Question(
                "Everybody here is either a knight, who always tells the truth, or a knave, who always lies. "
                        + Words.join(says) + " Who are the knights? Write their names, separated by blanks, or none.",
                names(knights, people));
    }

    @Override
    public boolean solves(Columns question, String answer) {
        Set<String> names = new HashSet<>(Words.of(answer.toLowerCase(Locale.ROOT)));
        return names.equals(new HashSet<>(Words.of(question.string("answer").toLowerCase(Locale.ROOT))));
    }

    /** What somebody says, and in which worlds it is so: a bit each says who is a knight. */
    private record Claim(String text, IntPredicate holds) {
        boolean isTrue(int world) {
            return holds.test(world);
        }
    }

    private static boolean isKnight(int world, int person) {
        return (world >> person & 1) == 1;
    }

    private static Claim claim(Rng rng, int people, int speaker) {
        List<Integer> others = new ArrayList<>(Draws.permutation(rng, people));
        others.remove((Integer) speaker);
        int a = others.get(0);
        int b = others.get(1);
        String one = Vocabulary.NAMES.get(a);
        String both = one + " and " + Vocabulary.NAMES.get(b);
        int count = rng.nextInt(people + 1);
        return switch (rng.nextInt(6)) {
            case 0 -> new Claim(one + " is a knave", world -> !isKnight(world, a));
            case 1 -> new Claim(one + " is a knight", world -> isKnight(world, a));
            case 2 -> new Claim(both + " are of the same kind", world -> isKnight(world, a) == isKnight(world, b));
            case 3 ->
                new Claim(
                        "One of " + both + " is a knight and one a knave",
                        world -> isKnight(world, a) != isKnight(world, b));
            case 4 ->
                new Claim(
                        "At least one of " + both + " is a knave", world -> !isKnight(world, a) || !isKnight(world, b));
            default -> new Claim("The number of knights here is " + count, world -> Integer.bitCount(world) == count);
        };
    }

    private static String names(int knights, int people) {
        List<String> names = new ArrayList<>();
        for (int person = 0; person < people; person++) {
            if (isKnight(knights, person)) {
                names.add(Vocabulary.NAMES.get(person));
            }
        }
        return names.isEmpty() ? "none" : Words.join(names);
    }
}
