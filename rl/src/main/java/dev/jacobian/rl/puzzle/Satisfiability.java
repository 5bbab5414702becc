// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Clauses of three literals, four times as many as variables, and values that make one literal true in each. Any such values are right. */
record Satisfiability() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "satisfiability",
                PuzzleFamily.LOGIC,
                "find truth values that make all clauses true; difficulty adds two variables",
                Levels.upTo(8));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        int variables = 3 + 2 * difficulty;
        List<Boolean> hidden = new ArrayList<>();
        for (int i = 0; i < variables; i++) {
            hidden.add(Draws.flip(rng));
        }
        List<Integer> clauses = new ArrayList<>(); // three literals each: variable + 1, negative for not
        List<String> text = new ArrayList<>();
        while (text.size() < 4 * variables) {
            List<Integer> literals = new ArrayList<>();
            for (int variable : Draws.permutation(rng, variables).subList(0, 3)) {
                literals.add(Draws.flip(rng) ? variable + 1 : -variable - 1);
            }
            if (literals.stream().anyMatch(literal -> hidden.get(Math.abs(literal) - 1) == literal > 0)) {
                clauses.addAll(literals);
                text.add(literals.stream().map(Satisfiability::written).collect(Collectors.joining(" or ")));
            }
        }
        return new Question(
                "Give each of the variables A to " + Vocabulary.letter(variables - 1)
                        + " the value 1 (true) or 0 (false), so"
                        + " that every line is true. Write the values in alphabetical order, separated by blanks.\n"
                        + String.join("\n", text),
                Words.join(hidden.stream().map(value -> value ? 1 : 0).toList()),
                Map.of("variables", variables, "clauses", List.copyOf(clauses)));
    }

    @Override
    public boolean solves(Columns question, String answer) {
        List<Long> clauses = question.integers("clauses");
        List<Long> values = Words.integers(answer).orElse(List.of());
        if (values.size() != question.integer("variables") || values.stream().anyMatch(value -> value >> 1 != 0)) {
            return false;
        }
        for (int i = 0; i < clauses.size(); i += 3) {
            if (clauses.subList(i, i + 3).stream()
                    .noneMatch(literal -> values.get((int) Math.abs(literal) - 1) == (literal > 0 ? 1 : 0))) {
                return false;
            }
        }
        return true;
    }

    private static String written(int literal) {
        return (literal < 0 ? "not " : "") + Vocabulary.letter(Math.abs(literal) - 1);
    }
}
