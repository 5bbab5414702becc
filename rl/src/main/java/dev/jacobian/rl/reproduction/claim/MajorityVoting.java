// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.claim;

import dev.jacobian.rl.method.Grpo;
import dev.jacobian.rl.reproduction.Claim;
import dev.jacobian.rl.reproduction.ClaimFacts;
import dev.jacobian.rl.reproduction.Measured;
import dev.jacobian.rl.reproduction.Paper;
import dev.jacobian.rl.reproduction.Rule;
import dev.jacobian.rl.reproduction.rig.Arm;
import dev.jacobian.rl.reproduction.rig.Budget;
import dev.jacobian.rl.reproduction.rig.RunningSums;
import dev.jacobian.rl.reproduction.rig.Skill;
import dev.jacobian.rl.reproduction.rig.TinyModel;
import dev.jacobian.rl.reproduction.rig.Workshop;
import java.util.List;

/**
 * E21: what more samples give: pass@k and the vote of k samples.
 *
 * @param policy to begin with
 * @param budget of reinforcement, after which it is asked
 * @param minTerms fewest terms of a problem
 * @param maxTerms most
 * @param problems held-out ones
 * @param samples of each, a power of 2 and at least 4
 */
public record MajorityVoting(TinyModel policy, Budget budget, int minTerms, int maxTerms, int problems, int samples)
        implements Claim {
    private static final int LEAST_VOTES = 4; // the vote of two is that of the first one

    @Override
    public ClaimFacts about() {
        return new ClaimFacts(
                "E21",
                "Votes and more tries",
                "The majority of several samples is right more often than a single one, and the chance that one of k"
                        + " samples is right grows with k, for a model that reinforcement trained.",
                new Paper("DeepSeek-R1, arXiv 2501.12948", "R1-Zero on AIME 2024: cons@64 86.7 against pass@1 71.0"),
                "A model after GRPO, held-out problems: pass@k for k = 1, 2, 4, … and the vote of 4, 8, …; the least"
                    + " that a vote gains, and the share of problems that a single sample fails and one of two solves."
                    + " That pass@k does not fall is arithmetic; how much it grows is not.",
                "samples → share of problems",
                List.of("A model without reinforcement, the vote of all 32 samples alone, and pass@32 above pass@1,"
                        + " which holds for any model: reproduced; maj@32 − pass@1 0.547. The claim is about a"
                        + " trained model and about growth."),
                2);
    }

    @Override
    public Measured measure(long seed, Workshop workshop) {
        RunningSums task = new RunningSums(minTerms, maxTerms);
        Arm trained = Arm.train(
                workshop.model(policy, seed),
                task,
                budget.config(seed).method(Grpo.DEFAULT).build());
        Skill skill = Skill.of(trained.model(), task, problems, samples, seed);
        double least = Double.POSITIVE_INFINITY;
        int points = 1 + Integer.numberOfTrailingZeros(samples);
        double[] k = new double[points];
        double[] pass = new double[points];
        double[] vote = new double[points];
        for (int i = 0; i < points; i++) {
            k[i] = 1 << i;
            pass[i] = skill.get("pass@" + (1 << i));
            vote[i] = i == 0 ? pass[0] : skill.get("maj@" + (1 << i));
            least = 1 << i < LEAST_VOTES ? least : Math.min(least, vote[i] - pass[0]);
        }
        return Measured.builder()
                .figure("pass@1", pass[0])
                .figure("maj@k, all samples", vote[points - 1])
                .figure("pass@k, all samples", pass[points - 1])
                .figure("maj@k − pass@1, least of k ≥ 4", least)
                .figure("share of failures that a vote of all mends", (vote[points - 1] - pass[0]) / (1 - pass[0]))
                .figure("share of failures that a second sample mends", (pass[1] - pass[0]) / (1 - pass[0]))
                .curve("pass@k", k, pass)
                .curve("maj@k", k, vote)
                .build();
    }

    @Override
    public Rule rule() {
        return Rule.all(
                Rule.above("maj@k − pass@1, least of k ≥ 4", 0),
                Rule.above("share of failures that a second sample mends", 0.25));
    }
}
