// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.claim;

import dev.jacobian.rl.reproduction.Measured;
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

    private Arms() {}

    /** Adds a metric's curve over steps. */
    static void draw(Measured.Builder measured, String name, Arm arm, String metric) {
        measured.curve(name, arm.places(metric), arm.series(metric));
    }

    /** What a trained arm can do. */
    static Skill skill(Arm arm, Task task, Budget budget, long seed) {
        return Skill.of(arm.model(), task, budget.problems(), budget.tries(), seed);
    }
}
