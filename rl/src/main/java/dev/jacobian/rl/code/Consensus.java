// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.code;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which generated tests are trusted, and whether their problem is: the rules of Kimi k1.5 (arXiv 2501.12599, section 2.3.3).
 *
 * <p>Several programs that are said to be right are run on each test. A test is kept when enough of them agree on its output; the problem
 * is kept when enough of them give that output on all kept tests. The paper does not say what happens when no test is kept;
 * every program passes then, and the problem is dropped here, for it could tell nothing from nothing.
 *
 * @param keptTests which tests are kept, ascending
 * @param outputs the output of each kept test
 * @param passing which programs give those outputs on all kept tests, ascending
 * @param problemKept whether the problem is to be used
 */
public record Consensus(List<Integer> keptTests, List<String> outputs, List<Integer> passing, boolean problemKept) {

    /**
     * How many must agree.
     *
     * @param agreeing programs that give a test's most frequent output; more than half of all, or two outputs could win
     * @param passing programs that pass all kept tests
     */
    public record Rule(int agreeing, int passing) {
        /** The paper's: 7 and 9 of 10. */
        public static final Rule KIMI = new Rule(7, 9);

        /** Checks that there are some. */
        public Rule {
            if (agreeing < 1 || passing < 1) {
                throw new IllegalArgumentException(
                        "at least one program must agree and pass, got " + agreeing + " and " + passing);
            }
        }
    }

    /** Copies the lists. */
    public Consensus {
        keptTests = List.copyOf(keptTests);
        outputs = List.copyOf(outputs);
        passing = List.copyOf(passing);
    }

    /**
     * Applies the rules.
     *
     * @param written for each program its output on each test; empty where it crashed or took too long, which agrees with nothing
     * @throws IllegalArgumentException if programs have different numbers of tests, or the rule asks for more programs than
     *     there are or for no more than half of them
     */
    public static Consensus of(List<List<Optional<String>>> written, Rule rule) {
        int programs = written.size();
        if (rule.agreeing() > programs || rule.passing() > programs || 2 * rule.agreeing() <= programs) {
            throw new IllegalArgumentException("of " + programs + " programs " + rule.agreeing() + " must agree and "
                    + rule.passing() + " pass; the first must be more than half of them, and neither more than all");
        }
        int tests = written.getFirst().size();
        if (written.stream().anyMatch(outputs -> outputs.size() != tests)) {
            throw new IllegalArgumentException(
                    "each program needs an output, or none, for each of the " + tests + " tests");
        }
        List<Integer> kept = new ArrayList<>();
        List<String> outputs = new ArrayList<>();
        for (int test = 0; test < tests; test++) {
            Optional<String> agreed = agreed(written, test, rule.agreeing());
            if (agreed.isPresent()) {
                kept.add(test);
                outputs.add(agreed.get());
            }
        }
        List<Integer> passing = new ArrayList<>();
        for (int program = 0; program < programs; program++) {
            if (passes(written.get(program), kept, outputs)) {
                passing.add(program);
            }
        }
        return new Consensus(kept, outputs, passing, !kept.isEmpty() && passing.size() >= rule.passing());
    }

    private static Optional<String> agreed(List<List<Optional<String>>> written, int test, int agreeing) {
        Map<String, Integer> counts = new HashMap<>();
        for (List<Optional<String>> outputs : written) {
            Optional<String> output = outputs.get(test);
            if (output.isPresent() && counts.merge(output.get(), 1, Integer::sum) >= agreeing) {
                return output; // more than half: no other can
            }
        }
        return Optional.empty();
    }

    private static boolean passes(List<Optional<String>> written, List<Integer> kept, List<String> outputs) {
        for (int i = 0; i < kept.size(); i++) {
            if (!written.get(kept.get(i)).equals(Optional.of(outputs.get(i)))) {
                return false;
            }
        }
        return true;
    }
}
