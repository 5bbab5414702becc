// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;

/** People in a row of chairs. Hints are drawn until one order is left, and those that the others make needless are taken away. */
record Seating() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "seating",
                PuzzleFamily.LOGIC,
                "find the order in which people sit from hints; difficulty adds a person",
                Levels.upTo(3));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        int people = 3 + difficulty;
        List<List<Integer>> orders = new ArrayList<>();
        permute(new ArrayList<>(), people, orders);
        List<Integer> hidden = Draws.pick(rng, orders); // the person on each chair
        List<Hint> hints = new ArrayList<>();
        List<List<Integer>> left = orders;
        while (left.size() > 1) {
            Hint hint = hint(rng, people);
            if (hint.holds().test(hidden) && left.stream().anyMatch(hint.holds().negate())) {
                hints.add(hint);
                left = left.stream().filter(hint.holds()).toList();
            }
        }
        for (Hint hint : List.copyOf(hints)) {
            List<Hint> others = hints.stream().filter(other -> other != hint).toList();
            if (orders.stream()
                            .filter(order -> others.stream()
                                    .allMatch(other -> other.holds().test(order)))
                            .count()
                    == 1) {
                hints.remove(hint);
            }
        }
        List<String> names = hidden.stream().map(Vocabulary.NAMES::get).toList();
        return new Question(
                Words.join(Vocabulary.NAMES.subList(0, people), ", ") + " sit in a row of " + people + " chairs. "
                        + Words.join(hints.stream().map(Hint::text).toList())
                        + " Write their names from left to right, separated by blanks.",
                Words.join(names));
    }

    @Override
    public boolean solves(Columns question, String answer) {
        return Words.of(answer.toLowerCase(Locale.ROOT))
                .equals(Words.of(question.string("answer").toLowerCase(Locale.ROOT)));
    }

    /** A sentence, and the orders that it is true of. */
    private record Hint(String text, Predicate<List<Integer>> holds) {}

    private static void permute(List<Integer> begun, int people, List<List<Integer>> orders) {
        if (begun.size() == people) {
            orders.add(List.copyOf(begun));
        }
        for (int person = 0; person < people; person++) {
            if (!begun.contains(person)) {
                begun.add(person);
                permute(begun, people, orders);
                begun.removeLast();
            }
        }
    }

    private static Hint hint(Rng rng, int people) {
        List<Integer> two = Draws.permutation(rng, people).subList(0, 2);
        int a = two.get(0);
        int b = two.get(1);
        String one = Vocabulary.NAMES.get(a);
        String other = Vocabulary.NAMES.get(b);
        int between = Draws.between(rng, 1, people - 2);
        return switch (rng.nextInt(6)) {
            case 0, 1 -> new Hint(one + " sits left of " + other + ".", order -> order.indexOf(a) < order.indexOf(b));
            case 2 -> new Hint(one + " sits next to " + other + ".", order -> distance(order, a, b) == 1);
            case 3 -> new Hint(one + " does not sit next to " + other + ".", order -> distance(order, a, b) > 1);
            case 4 ->
                new Hint(
                        between == 1
                                ? "One person sits between " + one + " and " + other + "."
                                : between + " people sit between " + one + " and " + other + ".",
                        order -> distance(order, a, b) == between + 1);
            default -> new Hint(one + " sits at an end.", order -> order.getFirst() == a || order.getLast() == a);
        };
    }

    private static int distance(List<Integer> order, int a, int b) {
        return Math.abs(order.indexOf(a) - order.indexOf(b));
    }
}
