// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import dev.jacobian.rl.reward.Columns;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * propositional_logic: a formula that follows from the premises, and not from nothing. reasoning-gym gives 0.05 to a formula
 * that is neither and 0.01 to what is none; to repeat a premise is right there and wrong here.
 */
record Conclusion() implements GymScorer {
    @Override
    public double score(Columns row, String answer) {
        if (answer.isEmpty()) {
            return 0;
        }
        List<String> variables = variables(row);
        Optional<long[]> given = PropositionalFormula.truth(answer, variables);
        return given.isEmpty() ? 0.01 : follows(row, given.get(), variables) ? 1 : 0.05;
    }

    @Override
    public boolean isRight(Columns row, String answer) {
        List<String> variables = variables(row);
        Optional<long[]> given = PropositionalFormula.truth(answer, variables);
        return given.isPresent()
                && follows(row, given.get(), variables)
                && premises(row, variables).stream().noneMatch(premise -> Arrays.equals(premise, given.get()));
    }

    private static boolean follows(Columns row, long[] conclusion, List<String> variables) {
        boolean always = true;
        List<long[]> premises = premises(row, variables);
        for (int world = 0; world < 1 << variables.size(); world++) {
            int at = world;
            boolean holds = isTrue(conclusion, at);
            always &= holds;
            if (!holds && premises.stream().allMatch(premise -> isTrue(premise, at))) {
                return false;
            }
        }
        return !always;
    }

    private static boolean isTrue(long[] truth, int world) {
        return (truth[world >> 6] >> world & 1) == 1;
    }

    private static List<String> variables(Columns row) {
        return Row.list(row, "variables").stream().map(String::valueOf).toList();
    }

    private static List<long[]> premises(Columns row, List<String> variables) {
        List<long[]> premises = new ArrayList<>();
        for (Object premise : Row.list(row, "premises")) {
            premises.add(PropositionalFormula.truth(String.valueOf(premise), variables)
                    .orElseThrow(() -> new IllegalArgumentException("not a formula: " + premise)));
        }
        return premises;
    }
}
