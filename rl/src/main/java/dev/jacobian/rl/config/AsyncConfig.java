// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/** How far sampling may run ahead of training. */
public record AsyncConfig(
        @Setting(
                value = "0",
                doc = "rollouts by which the weights that sample may be older than those that learn: sampling, rewards"
                        + " and training overlap; 0: strictly one after the other")
        int maxStaleness,

        @Setting(
                value = "null",
                doc = "rollouts at once that are being sampled or wait for their rewards, with max_staleness; null: as"
                        + " many as it allows")
        OptionalInt maxInflight,

        @Setting(
                value = "true",
                doc = "with max_staleness: which weights sample a rollout follows from its number, so that timing"
                        + " changes no bit; false: the newest that are there when it begins, and schedule.jsonl"
                        + " says which")
        boolean reproducible,

        @Setting(
                value = "wait",
                doc = "with reproducible=false, what becomes of a rollout that would be older than max_staleness"
                        + " when it is learned from: wait lets none become so old, drop throws it away and samples"
                        + " it anew")
        StaleRollouts staleRollouts,

        @Setting(
                value = "",
                doc = "with reproducible=false: schedule.jsonl of a run with the same settings, whose decisions are"
                        + " taken again instead of by the clock, which gives the same bits")
        String replaySchedule) {
    /** Strictly alternating. */
    public static final AsyncConfig DEFAULT = ConfigTree.defaults(AsyncConfig.class);

    public AsyncConfig {
        requireAtLeast("max_staleness", 0, maxStaleness);
        requireAtLeast("max_inflight", 1, maxInflight.orElse(1));
        require(
                maxStaleness > 0 || maxInflight.isEmpty(),
                "max_inflight is about rollouts under way while others are learned from, but max_staleness is 0; raise"
                        + " that, or leave max_inflight out");
        require(
                maxInflight.orElse(1) - 1 <= maxStaleness,
                "max_inflight is " + maxInflight.orElse(1) + ", but max_staleness " + maxStaleness
                        + " lets no more than " + (maxStaleness + 1L)
                        + " rollouts be under way; lower it, or leave it out");
        boolean drops = staleRollouts == StaleRollouts.DROP;
        require(
                reproducible || maxStaleness > 0,
                "reproducible=false lets rollouts take the newest weights while others are learned from, but"
                        + " max_staleness is 0, where they take turns; raise that, or leave reproducible out");
        require(
                !drops || !reproducible,
                "stale_rollouts=drop throws away what is too old, but nothing is: "
                        + (maxStaleness == 0
                                ? "max_staleness is 0, where sampling and learning take turns"
                                : "with reproducible=true the weights of a rollout follow from its number")
                        + "; set max_staleness and reproducible=false, or leave stale_rollouts out");
        require(
                !drops || maxInflight.orElse(2) > 1,
                "stale_rollouts=drop is about rollouts that others overtake, but max_inflight 1 lets one at a time be"
                        + " under way; raise that, or leave stale_rollouts out");
        require(
                replaySchedule.isEmpty() || !reproducible,
                "replay_schedule takes decisions from a file that the clock made, but with reproducible=true nothing is"
                        + " left to the clock; set reproducible=false, as the run that wrote the file has, or leave"
                        + " replay_schedule out");
    }

    /** Whether sampling runs ahead. */
    public boolean isAhead() {
        return maxStaleness > 0;
    }

    /** Whether timing may decide what a schedule then says. */
    public boolean isFree() {
        return !reproducible;
    }

    /** Whether a rollout may be thrown away because it is too old. */
    public boolean drops() {
        return staleRollouts == StaleRollouts.DROP;
    }

    /** Whose decisions are taken again. */
    public Optional<Path> schedule() {
        return replaySchedule.isEmpty() ? Optional.empty() : Optional.of(Path.of(replaySchedule));
    }

    /** Rollouts at once that are being sampled or scored. */
    public int inflight() {
        return maxInflight.orElse((int) Math.min(maxStaleness + 1L, Integer.MAX_VALUE));
    }
}
