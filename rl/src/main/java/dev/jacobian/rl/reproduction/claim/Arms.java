// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.claim;

import dev.jacobian.rl.method.Method;
import dev.jacobian.rl.method.Omd;
import dev.jacobian.rl.reproduction.Measured;
import dev.jacobian.rl.reproduction.Rule;
import dev.jacobian.rl.reproduction.rig.Arm;
import dev.jacobian.rl.reproduction.rig.Budget;
import dev.jacobian.rl.reproduction.rig.Skill;
import dev.jacobian.rl.task.Task;

/** What claims do with the arms of an experiment. */
final class Arms {
    /** Share of solved samples among those that are learned from; training problems do not repeat, so they are as good as held out. */
    static final String SOLVED = "pass@1/train";

    static final String ENTROPY = "entropy";
    static final String DRIFT = "kl_to_init";
    static final String LENGTH = "completions/mean_length";

    /** A figure: how far log-probabilities of whole samples are from the anchor's when they are learned from, over the run. */
    static final String MOVED = "nats from the anchor";

    /** Without it the anchor of mirror descent would have done nothing. */
    static final Rule ANCHORED = Rule.above(MOVED, 0);

    private Arms() {}

    /** Mirror descent with several optimizer steps from a rollout. */
    static Method mirrorDescent(int updates) {
        return Omd.DEFAULT.with("updates_per_rollout", updates);
    }

    /** The figure {@link #MOVED}. */
    static double moved(Arm arm) {
        return arm.mean("delta/mean");
    }

    /** Adds a metric's curve over steps. */
    static void draw(Measured.Builder measured, String name, Arm arm, String metric) {
        measured.curve(name, arm.places(metric), arm.series(metric));
    }

    /** What a trained arm can do. */
    static Skill skill(Arm arm, Task task, Budget budget, long seed) {
        return Skill.of(arm.model(), task, budget.problems(), budget.tries(), seed);
    }
}
