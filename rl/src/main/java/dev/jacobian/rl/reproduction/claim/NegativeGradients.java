// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.claim;

import dev.jacobian.rl.method.Grpo;
import dev.jacobian.rl.method.Rest;
import dev.jacobian.rl.reproduction.Claim;
import dev.jacobian.rl.reproduction.ClaimFacts;
import dev.jacobian.rl.reproduction.Measured;
import dev.jacobian.rl.reproduction.Paper;
import dev.jacobian.rl.reproduction.Rule;
import dev.jacobian.rl.reproduction.rig.Arm;
import dev.jacobian.rl.reproduction.rig.Budget;
import dev.jacobian.rl.reproduction.rig.RunningSums;
import dev.jacobian.rl.reproduction.rig.TinyModel;
import dev.jacobian.rl.reproduction.rig.Workshop;
import java.util.List;

/**
 * E3: learning from wrong answers too, or only from right ones.
 *
 * @param policy to begin with
 * @param budget of an arm
 * @param tau of mirror descent
 * @param updates optimizer steps of every arm from a rollout
 */
public record NegativeGradients(TinyModel policy, Budget budget, double tau, int updates) implements Claim {
    @Override
    public ClaimFacts about() {
        return new ClaimFacts(
                "E3",
                "Negative gradients",
                "Methods that also push wrong answers down need fewer samples for the same accuracy than imitation of"
                        + " the right ones.",
                new Paper(
                        "Kimi k1.5, arXiv 2501.12599, figure 10",
                        "ReST stays below mirror descent over all of training on 12 benchmarks"),
                "Mirror descent, GRPO and ReST from the same model at equal samples, rates and optimizer steps from a"
                        + " rollout; area under the share of solved training samples, held-out pass@1 at the end.",
                "steps → solved samples",
                List.of(
                        "80 rollouts at a rate of 3e-4, at which every arm was at its end after 8: not reproduced;"
                            + " held-out pass@1 OMD 0.949, GRPO 0.955, ReST 0.968, OMD − ReST −0.019 [−0.021, −0.015]."
                            + " The rate of all experiments was lowered to 1e-4 then, before any other was run in"
                            + " full.",
                        "60 rollouts at 1e-4 with one optimizer step from each, one first model for all seeds: not"
                            + " reproduced; pass@1, OMD − ReST −0.016, area −0.014. With one step mirror descent's"
                            + " anchor does nothing, so that was a policy gradient; now there are several, at half the"
                            + " rate.",
                        "One seed of that with 60 rollouts: pass@1, OMD − ReST −0.040, area −0.035. All claims that"
                                + " train have 30 rollouts since then, for the time that all of them take.",
                        "How that read: ReST imitates fresh samples at every step here, which is a policy gradient"
                                + " without a baseline, and the model's most frequent answer is right nearly always, so"
                                + " that imitation sharpens it as well as anything."),
                2);
    }

    @Override
    public Measured measure(long seed, Workshop workshop) {
        RunningSums task = new RunningSums(3, 6);
        Arm omd = Arm.train(
                workshop.model(policy, seed),
                task,
                budget.config(seed)
                        .method(Arms.mirrorDescent(updates).with("tau", tau))
                        .build());
        Arm grpo = Arm.train(
                workshop.model(policy, seed),
                task,
                budget.config(seed)
                        .method(Grpo.DEFAULT.with("updates_per_rollout", updates))
                        .build());
        Arm rest = Arm.train(
                workshop.model(policy, seed),
                task,
                budget.config(seed)
                        .method(Rest.DEFAULT.with("updates_per_rollout", updates))
                        .build());
        double byOmd = Arms.skill(omd, task, budget, seed).get("pass@1");
        double byGrpo = Arms.skill(grpo, task, budget, seed).get("pass@1");
        double byRest = Arms.skill(rest, task, budget, seed).get("pass@1");
        Measured.Builder measured = Measured.builder()
                .figure("pass@1, OMD", byOmd)
                .figure("pass@1, GRPO", byGrpo)
                .figure("pass@1, ReST", byRest)
                .figure("pass@1, OMD − ReST", byOmd - byRest)
                .figure("pass@1, GRPO − ReST", byGrpo - byRest)
                .figure("area, OMD − ReST", omd.mean(Arms.SOLVED) - rest.mean(Arms.SOLVED))
                .figure(Arms.MOVED, Arms.moved(omd))
                .figure("area, GRPO − ReST", grpo.mean(Arms.SOLVED) - rest.mean(Arms.SOLVED));
        Arms.draw(measured, "OMD", omd, Arms.SOLVED);
        Arms.draw(measured, "GRPO", grpo, Arms.SOLVED);
        Arms.draw(measured, "ReST", rest, Arms.SOLVED);
        return measured.build();
    }

    @Override
    public Rule rule() {
        return Rule.given(
                Arms.ANCHORED, Rule.all(Rule.above("pass@1, OMD − ReST", 0), Rule.above("area, OMD − ReST", 0)));
    }
}
