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
 * E1: one optimizer step from each batch of samples, or several.
 *
 * @param policy to begin with
 * @param budget of an arm
 * @param updates optimizer steps of the loose arm from one rollout
 */
public record ExactOnPolicy(TinyModel policy, Budget budget, int updates) implements Claim {
    @Override
    public ClaimFacts about() {
        return new ClaimFacts(
                "E1",
                "Exact on-policy against loose",
                "One optimizer step per batch keeps more entropy and less distance from the first model than several"
                        + " steps with frozen log-probabilities, and is no worse at pass@1.",
                new Paper("OPO, arXiv 2505.23585", "GRPO: exact above loose at pass@1, as good by pass@8"),
                "GRPO from the same samples: one step from a rollout, or several (loose). A third arm takes as many"
                        + " steps as the loose one, each from fresh samples.",
                "steps → entropy",
                List.of(
                        "The same with one first model for all seeds: not reproduced; entropy +0.020, pass@1 −0.038."
                                + " The rate is that of all experiments (see E3).",
                        "How that read: at equal samples the loose arm takes four times as many steps and has come"
                                + " further, as it would; with as many steps from fresh samples there is no difference,"
                                + " for hardly any token was clipped."),
                2);
    }

    @Override
    public Measured measure(long seed, Workshop workshop) {
        RunningSums task = new RunningSums(3, 6);
        Grpo grpo = Grpo.DEFAULT;
        Arm exact = Arm.train(
                workshop.model(policy, seed),
                task,
                budget.config(seed).method(grpo).build());
        Arm loose = Arm.train(
                workshop.model(policy, seed),
                task,
                budget.config(seed)
                        .method(grpo.with("updates_per_rollout", updates))
                        .build());
        Budget small = new Budget(
                budget.steps() * updates,
                budget.prompts() / updates,
                budget.samples(),
                budget.learningRate(),
                budget.problems(),
                budget.tries());
        Arm fresh = Arm.train(
                workshop.model(policy, seed),
                task,
                small.config(seed).method(grpo).build());
        Skill exactly = Arms.skill(exact, task, budget, seed);
        Skill loosely = Arms.skill(loose, task, budget, seed);
        Skill freshly = Arms.skill(fresh, task, budget, seed);
        String most = "pass@" + budget.tries();
        Measured.Builder measured = Measured.builder()
                .figure("pass@1, exact", exactly.get("pass@1"))
                .figure("pass@1, loose", loosely.get("pass@1"))
                .figure("pass@1, exact − loose", exactly.get("pass@1") - loosely.get("pass@1"))
                .figure(most + ", exact − loose", exactly.get(most) - loosely.get(most))
                .figure("entropy, exact − loose", exact.last(Arms.ENTROPY) - loose.last(Arms.ENTROPY))
                .figure("KL to the first model, loose − exact", loose.last(Arms.DRIFT) - exact.last(Arms.DRIFT))
                .figure("clipped tokens, loose", loose.mean("clip_ratio/region_mean"))
                .figure(
                        "pass@1, as many steps from fresh samples − loose",
                        freshly.get("pass@1") - loosely.get("pass@1"))
                .figure(
                        "entropy, as many steps from fresh samples − loose",
                        fresh.last(Arms.ENTROPY) - loose.last(Arms.ENTROPY));
        Arms.draw(measured, "exact", exact, Arms.ENTROPY);
        Arms.draw(measured, "loose", loose, Arms.ENTROPY);
        return measured.build();
    }

    @Override
    public Rule rule() {
        return Rule.all(
                Rule.above("entropy, exact − loose", 0),
                Rule.above("KL to the first model, loose − exact", 0),
                Rule.above("pass@1, exact − loose", -0.02));
    }
}
