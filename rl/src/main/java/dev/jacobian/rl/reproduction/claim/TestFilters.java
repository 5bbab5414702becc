// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.claim;

import dev.jacobian.rl.code.Consensus;
import dev.jacobian.rl.reproduction.Claim;
import dev.jacobian.rl.reproduction.ClaimFacts;
import dev.jacobian.rl.reproduction.Measured;
import dev.jacobian.rl.reproduction.Paper;
import dev.jacobian.rl.reproduction.Rule;
import dev.jacobian.rl.reproduction.rig.Workshop;
import dev.jacobian.tensor.Rng;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * E27: which generated tests to trust, by the agreement of programs that are said to be right.
 *
 * <p>A program here is a polynomial {@code a x² + b x + c} modulo 1000. A wrong one has another coefficient, which shows on some inputs only. The
 * statement speaks of positive numbers; for negative ones, which a bad generator gives, programs answer as they like: some take the number
 * as it is, some its size.
 *
 * @param problems how many
 * @param tests generated for each
 * @param wrongProgram probability that a submission is wrong after all
 * @param undefined share of negative inputs that a problem's generator gives, at most
 */
public record TestFilters(int problems, int tests, double wrongProgram, double undefined) implements Claim {
    private static final int PROGRAMS = 10;

    @Override
    public ClaimFacts about() {
        return new ClaimFacts(
                "E27",
                "Filters for generated tests",
                "Keeping a test when 7 of 10 accepted programs agree, and a problem when 9 of 10 pass all kept tests,"
                        + " leaves fewer problems, whose tests can be trusted.",
                new Paper(
                        "Kimi k1.5, arXiv 2501.12599, section 2.3.3",
                        "of 1000 problems 614 need no special judge, 463 get enough tests, 323 are kept"),
                "Ten polynomials modulo 1000 a problem, some with a wrong coefficient, on generated inputs, some of"
                    + " which the statement leaves open; kept tests whose agreed output is right, and problems kept."
                    + " This shows the logic of the rule, not the numbers of a data set.",
                "all tests, kept tests, tests of kept problems → share that is right",
                List.of(
                        "Outputs that were drawn at random, without programs: reproduced; sound tests of kept problems"
                            + " 0.030 above those of all problems. The rule did not ask how sound the tests are in the"
                            + " end.",
                        "Programs that differ on negative numbers in the sign of a remainder: not reproduced; kept −"
                                + " all 0.000. Polynomials are positive nearly everywhere, so that programs hardly"
                                + " differed where the statement leaves them free. Now some take a number's size."),
                3);
    }

    @Override
    public Measured measure(long seed, Workshop workshop) {
        int all = 0;
        int allRight = 0;
        int kept = 0;
        int keptRight = 0;
        int used = 0;
        int usedRight = 0;
        int problemsKept = 0;
        for (int p = 0; p < problems; p++) {
            Rng rng = new Rng(seed, p);
            double open = rng.nextDouble() * undefined;
            int[] inputs = new int[tests];
            for (int t = 0; t < tests; t++) {
                int size = 1 + rng.nextInt(999);
                inputs[t] = rng.nextDouble() < open ? -size : size;
            }
            int[] right = {rng.nextInt(1000), rng.nextInt(1000), rng.nextInt(1000)};
            List<List<Optional<String>>> written = new ArrayList<>();
            for (int program = 0; program < PROGRAMS; program++) {
                int[] coefficients = right.clone();
                if (rng.nextDouble() < wrongProgram) {
                    coefficients[rng.nextInt(3)] += 250 * (1 + rng.nextInt(3));
                }
                boolean isSized = rng.nextInt(2) == 0;
                written.add(Arrays.stream(inputs)
                        .mapToObj(x -> Optional.of(Integer.toString(value(coefficients, isSized ? Math.abs(x) : x))))
                        .toList());
            }
            for (int x : inputs) {
                all++;
                allRight += x < 0 ? 0 : 1;
            }
            Consensus consensus = Consensus.of(written, Consensus.Rule.KIMI);
            problemsKept += consensus.problemKept() ? 1 : 0;
            for (int i = 0; i < consensus.keptTests().size(); i++) {
                int x = inputs[consensus.keptTests().get(i)];
                boolean isRight = x > 0 && consensus.outputs().get(i).equals(Integer.toString(value(right, x)));
                kept++;
                keptRight += isRight ? 1 : 0;
                used += consensus.problemKept() ? 1 : 0;
                usedRight += consensus.problemKept() && isRight ? 1 : 0;
            }
        }
        double before = (double) allRight / all;
        double after = (double) keptRight / kept;
        double atLast = (double) usedRight / used;
        return Measured.builder()
                .figure("sound tests, all", before)
                .figure("sound tests, kept", after)
                .figure("sound tests, of kept problems", atLast)
                .figure("sound tests, kept − all", after - before)
                .figure("sound tests, of kept problems − kept", atLast - after)
                .figure("share of problems kept", (double) problemsKept / problems)
                .curve("sound tests", new double[] {0, 1, 2}, new double[] {before, after, atLast})
                .build();
    }

    private static int value(int[] coefficients, int x) {
        return Math.floorMod((coefficients[0] * x + coefficients[1]) * x + coefficients[2], 1000); // below 2e9 in size
    }

    @Override
    public String varies() {
        return "programs and tests";
    }

    @Override
    public Rule rule() {
        return Rule.all(
                Rule.above("sound tests, of kept problems", 0.95),
                Rule.above("sound tests, kept − all", 0),
                Rule.above("sound tests, of kept problems − kept", 0),
                Rule.below("share of problems kept", 1));
    }
}
