// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.claim;

import dev.jacobian.rl.method.Grpo;
import dev.jacobian.rl.method.Opo;
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
 * E2: OPO against GRPO, both exactly on policy.
 *
 * @param policy to begin with, whose answers differ in length
 * @param budget of an arm
 */
public record OptimalBaseline(TinyModel policy, Budget budget) implements Claim {
    @Override
    public ClaimFacts about() {
        return new ClaimFacts(
                "E2",
                "OPO against GRPO",
                "With one step per batch, the length-weighted baseline without normalisation gives more at pass@k for"
                    + " large k than GRPO, and more there than at pass@1, with higher entropy, less distance from the"
                    + " first model, more diverse answers and less repetition.",
                new Paper(
                        "OPO, arXiv 2505.23585 (numbers from a secondary source)",
                        "MATH-500 95.26 against 95.10; AIME 2025 pass@16 85.33 against 81.33"),
                "Both methods with their own defaults from the same model, at equal samples; held-out pass@1 and"
                        + " pass@k, entropy, KL, Self-BLEU, Rep-5.",
                "steps → entropy",
                List.of(
                        "Nothing else was run in full. The rule had pass@8, entropy and Self-BLEU only; the claim says"
                                + " more.",
                        "How it reads: of 16 tries one solves every problem with either method, so that many tries"
                                + " cannot tell them apart."),
                2);
    }

    @Override
    public Measured measure(long seed, Workshop workshop) {
        RunningSums task = new RunningSums(3, 6);
        Arm opo = Arm.train(
                workshop.model(policy, seed),
                task,
                budget.config(seed).method(Opo.DEFAULT).build());
        Arm grpo = Arm.train(
                workshop.model(policy, seed),
                task,
                budget.config(seed).method(Grpo.DEFAULT).build());
        Skill byOpo = Arms.skill(opo, task, budget, seed);
        Skill byGrpo = Arms.skill(grpo, task, budget, seed);
        Measured.Builder measured = Measured.builder();
        for (String metric : List.of("pass@1", "pass@" + budget.tries(), "entropy", "self_bleu", "rep5")) {
            measured.figure(metric + ", OPO", byOpo.get(metric));
            measured.figure(metric + ", OPO − GRPO", byOpo.get(metric) - byGrpo.get(metric));
        }
        measured.figure(
                "pass@k, OPO − GRPO", byOpo.get("pass@" + budget.tries()) - byGrpo.get("pass@" + budget.tries()));
        measured.figure(
                "gain at pass@k − gain at pass@1",
                byOpo.get("pass@" + budget.tries())
                        - byGrpo.get("pass@" + budget.tries())
                        - byOpo.get("pass@1")
                        + byGrpo.get("pass@1"));
        measured.figure("KL to the first model, GRPO − OPO", grpo.last(Arms.DRIFT) - opo.last(Arms.DRIFT));
        Arms.draw(measured, "OPO", opo, Arms.ENTROPY);
        Arms.draw(measured, "GRPO", grpo, Arms.ENTROPY);
        return measured.build();
    }

    @Override
    public Rule rule() {
        return Rule.all(
                Rule.above("pass@k, OPO − GRPO", 0),
                Rule.above("gain at pass@k − gain at pass@1", 0),
                Rule.above("entropy, OPO − GRPO", 0),
                Rule.above("KL to the first model, GRPO − OPO", 0),
                Rule.below("self_bleu, OPO − GRPO", 0),
                Rule.below("rep5, OPO − GRPO", 0));
    }
}
