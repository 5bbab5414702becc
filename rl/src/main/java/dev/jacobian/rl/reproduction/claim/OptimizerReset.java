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
import java.util.Arrays;
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
                "Mirror descent with several steps per iteration, with and without the reset: held-out pass@1, and how"
                    + " far log-probabilities of samples move from the anchor within an iteration: the furthest over"
                    + " the run in units of the usual way, and the usual way itself.",
                "steps → nats from the anchor",
                List.of(
                        "Nothing else was run in full. Steadiness was to be the change of the share of solved samples"
                            + " from step to step, which at 128 samples is mostly chance; it is about the policy's own"
                            + " way now.",
                        "How it reads: with the reset the policy was the steadier one in every seed, by amounts that"
                                + " differ too much to conclude from three."),
                2);
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
                .figure(Arms.MOVED, Math.min(Arms.moved(reset), Arms.moved(kept)))
                .figure("usual way, reset", Arms.moved(reset))
                .figure("usual way, kept", Arms.moved(kept))
                .figure("furthest / usual way, reset", unrest(reset))
                .figure("furthest / usual way, kept", unrest(kept))
                .figure("furthest / usual way, kept − reset", unrest(kept) - unrest(reset));
        Arms.draw(measured, "reset", reset, "delta/mean");
        Arms.draw(measured, "kept", kept, "delta/mean");
        return measured.build();
    }

    private Arm train(boolean isReset, RunningSums task, long seed, Workshop workshop) {
        return Arm.train(
                workshop.model(policy, seed),
                task,
                budget.config(seed)
                        .method(Omd.DEFAULT.with("updates_per_rollout", updates).with("reset_optimizer", isReset))
                        .build());
    }

    /** How far samples were from the anchor in the iteration where they were furthest, in units of the mean over iterations. */
    private static double unrest(Arm arm) {
        return Arrays.stream(arm.series("delta/mean")).max().orElse(Double.NaN) / Arms.moved(arm);
    }

    @Override
    public Rule rule() {
        return Rule.given(
                Arms.ANCHORED,
                Rule.all(
                        Rule.above("pass@1, reset − kept", -0.02),
                        Rule.above("furthest / usual way, kept − reset", 0)));
    }
}
