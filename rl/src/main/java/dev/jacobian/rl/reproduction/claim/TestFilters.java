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
import java.util.List;
import java.util.Optional;

/**
 * E27: which generated tests to trust, by the agreement of programs that are said to be right.
 *
 * <p>A program here is a polynomial of one number modulo 1000; a wrong one differs in a coefficient or on some inputs, and a test of a
 * bad generator is one that programs may answer as they like.
 *
 * @param problems how many
 * @param tests generated for each
 * @param wrongProgram probability that a submission is wrong after all
 * @param undefined share of tests, up to which a problem's statement leaves the output open
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
                "Programs with bugs on generated tests, some of which the statement leaves open; kept tests whose"
                    + " agreed output is right, and problems kept. This shows the logic of the rule, not the numbers"
                    + " of a data set.",
                "all tests, kept tests, tests of kept problems → share that is right",
                List.of("Nothing else; these were the first settings."),
                1);
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
            boolean[] isOpen = new boolean[tests];
            for (int t = 0; t < tests; t++) {
                isOpen[t] = rng.nextDouble() < open;
            }
            List<List<Optional<String>>> written = new ArrayList<>();
            for (int program = 0; program < PROGRAMS; program++) {
                boolean isWrong = rng.nextDouble() < wrongProgram;
                List<Optional<String>> outputs = new ArrayList<>();
                for (int t = 0; t < tests; t++) {
                    boolean isOff = isOpen[t] ? rng.nextInt(2) == 0 : isWrong && rng.nextInt(4) == 0;
                    outputs.add(Optional.of(isOff ? "another " + rng.nextInt(isOpen[t] ? 2 : 1000) : "right"));
                }
                written.add(outputs);
            }
            for (boolean one : isOpen) {
                all++;
                allRight += one ? 0 : 1;
            }
            Consensus consensus = Consensus.of(written, Consensus.Rule.KIMI);
            problemsKept += consensus.problemKept() ? 1 : 0;
            for (int i = 0; i < consensus.keptTests().size(); i++) {
                boolean isRight = !isOpen[consensus.keptTests().get(i)]
                        && consensus.outputs().get(i).equals("right");
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

    @Override
    public Rule rule() {
        return Rule.all(
                Rule.above("sound tests, kept − all", 0),
                Rule.above("sound tests, of kept problems − kept", 0),
                Rule.below("share of problems kept", 1));
    }
}
