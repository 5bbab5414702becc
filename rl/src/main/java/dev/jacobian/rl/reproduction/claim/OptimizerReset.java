// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.claim;

import dev.jacobian.rl.method.Omd;
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
 * E16: whether the optimizer forgets when the anchor moves.
 *
 * @param policy to begin with
 * @param budget of an arm
 * @param updates optimizer steps of an iteration
 */
public record OptimizerReset(TinyModel policy, Budget budget, int updates) implements Claim {
    @Override
    public ClaimFacts about() {
        return new ClaimFacts(
                "E16",
                "Resetting the optimizer",
                "Mirror descent whose optimizer forgets its moments at the start of each iteration is as good as one"
                        + " that keeps them, and steadier.",
                new Paper("Kimi k1.5, arXiv 2501.12599", "a detail of the recipe; no number"),
                "Mirror descent with several steps per iteration, with and without the reset: held-out pass@1, and the"
                        + " mean change of the share of solved samples from step to step.",
                "steps → solved samples",
                List.of("Nothing else; these were the first settings."),
                1);
    }

    @Override
    public Measured measure(long seed, Workshop workshop) {
        RunningSums task = new RunningSums(3, 6);
        Arm reset = train(true, task, seed, workshop);
        Arm kept = train(false, task, seed, workshop);
        double with = Arms.skill(reset, task, budget, seed).get("pass@1");
        double without = Arms.skill(kept, task, budget, seed).get("pass@1");
        Measured.Builder measured = Measured.builder()
                .figure("pass@1, reset", with)
                .figure("pass@1, kept", without)
                .figure("pass@1, reset − kept", with - without)
                .figure("unrest, reset", unrest(reset))
                .figure("unrest, kept", unrest(kept))
                .figure("unrest, kept − reset", unrest(kept) - unrest(reset));
        Arms.draw(measured, "reset", reset, Arms.SOLVED);
        Arms.draw(measured, "kept", kept, Arms.SOLVED);
        return measured.build();
    }

    private Arm train(boolean isReset, RunningSums task, long seed, Workshop workshop) {
        return Arm.train(
                workshop.model(policy),
                task,
                budget.config(seed)
                        .method(Omd.DEFAULT.with("updates_per_rollout", updates).with("reset_optimizer", isReset))
                        .build());
    }

    /** The mean change from step to step. */
    private static double unrest(Arm arm) {
        double[] solved = arm.series(Arms.SOLVED);
        double sum = 0;
        for (int i = 1; i < solved.length; i++) {
            sum += Math.abs(solved[i] - solved[i - 1]);
        }
        return sum / (solved.length - 1);
    }

    @Override
    public Rule rule() {
        return Rule.all(Rule.above("pass@1, reset − kept", -0.02), Rule.above("unrest, kept − reset", 0));
    }
}
