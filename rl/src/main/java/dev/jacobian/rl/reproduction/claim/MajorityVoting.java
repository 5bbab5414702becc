// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.claim;

import dev.jacobian.rl.reproduction.Claim;
import dev.jacobian.rl.reproduction.ClaimFacts;
import dev.jacobian.rl.reproduction.Measured;
import dev.jacobian.rl.reproduction.Paper;
import dev.jacobian.rl.reproduction.Rule;
import dev.jacobian.rl.reproduction.rig.RunningSums;
import dev.jacobian.rl.reproduction.rig.Skill;
import dev.jacobian.rl.reproduction.rig.TinyModel;
import dev.jacobian.rl.reproduction.rig.Workshop;
import java.util.List;

/**
 * E21: what more samples give: pass@k and the vote of k samples.
 *
 * @param policy that is asked
 * @param minTerms fewest terms of a problem
 * @param maxTerms most
 * @param problems held-out ones
 * @param samples of each, a power of 2
 */
public record MajorityVoting(TinyModel policy, int minTerms, int maxTerms, int problems, int samples) implements Claim {
    @Override
    public ClaimFacts about() {
        return new ClaimFacts(
                "E21",
                "Votes and more tries",
                "The majority of many samples is right more often than a single one, and the chance that one of k"
                        + " samples is right grows with k.",
                new Paper("DeepSeek-R1, arXiv 2501.12948", "R1-Zero on AIME 2024: cons@64 86.7 against pass@1 71.0"),
                "One model, held-out problems: pass@k and maj@k for k = 1, 2, 4, …",
                "samples → share of problems",
                List.of("Nothing else; these were the first settings."),
                1);
    }

    @Override
    public Measured measure(long seed, Workshop workshop) {
        Skill skill = Skill.of(workshop.model(policy), new RunningSums(minTerms, maxTerms), problems, samples, seed);
        int points = 1 + Integer.numberOfTrailingZeros(samples);
        double[] k = new double[points];
        double[] pass = new double[points];
        double[] vote = new double[points];
        for (int i = 0; i < points; i++) {
            k[i] = 1 << i;
            pass[i] = skill.get("pass@" + (1 << i));
            vote[i] = i == 0 ? pass[0] : skill.get("maj@" + (1 << i));
        }
        return Measured.builder()
                .figure("pass@1", pass[0])
                .figure("maj@k, all samples", vote[points - 1])
                .figure("pass@k, all samples", pass[points - 1])
                .figure("maj@k − pass@1", vote[points - 1] - pass[0])
                .figure("pass@k − pass@1", pass[points - 1] - pass[0])
                .curve("pass@k", k, pass)
                .curve("maj@k", k, vote)
                .build();
    }

    @Override
    public Rule rule() {
        return Rule.all(Rule.above("maj@k − pass@1", 0), Rule.above("pass@k − pass@1", 0));
    }
}
