// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe.trace;

import static dev.jacobian.rl.config.Checks.require;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;

/**
 * How much a trace thinks aloud: the four ways of thinking that Kimi k1.5 warms a model up with (arXiv 2501.12599, 2.2), each with the
 * probability that it is done where there is occasion, and how often a found answer is checked again.
 */
public record TraceStyle(
        @Setting(
                value = "1.0",
                doc = "planning: probability that a trace begins with the order in which it will search")
        double planning,

        @Setting(value = "1.0", doc = "evaluation: probability that a line says whether it has the target")
        double evaluation,

        @Setting(value = "0.2", doc = "reflection: probability that a line without the target is gone through again")
        double reflection,

        @Setting(value = "1.0", doc = "exploration: probability that a turn to another operator is said")
        double exploration,

        @Setting(value = "1", doc = "how often the answer is checked again before it is given")
        int verbosity,

        @Setting(value = "0.0", doc = "probability of giving up after a line without the target, with a guess")
        double giveUp,

        @Setting(value = "0.0", doc = "probability that a trace's words are Chinese")
        double chinese) {
    /** All four, one check. */
    public static final TraceStyle DEFAULT = ConfigTree.defaults(TraceStyle.class);

    /** A bare search: no word, nothing twice. */
    public static final TraceStyle SHORT = new TraceStyle(0, 0, 0, 0, 0, 0, 0);

    private static final int MOST_CHECKS = 16;

    /** Checks the ranges. */
    public TraceStyle {
        probability("planning", planning);
        probability("evaluation", evaluation);
        probability("reflection", reflection);
        probability("exploration", exploration);
        probability("give_up", giveUp);
        probability("chinese", chinese);
        require(
                verbosity >= 0 && verbosity <= MOST_CHECKS,
                "verbosity must lie between 0 and " + MOST_CHECKS + ", got " + verbosity);
    }

    private static void probability(String key, double value) {
        require(value >= 0 && value <= 1, key + " must lie in [0, 1], got " + value);
    }

    /** The same with another number of checks. */
    public TraceStyle verbosity(int checks) {
        return ConfigTree.with(this, "verbosity", checks);
    }

    /** The same with a share of traces in Chinese. */
    public TraceStyle chinese(double share) {
        return ConfigTree.with(this, "chinese", share);
    }

    /** The same with another habit of giving up. */
    public TraceStyle giveUp(double probability) {
        return ConfigTree.with(this, "give_up", probability);
    }
}
