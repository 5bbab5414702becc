// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;

import java.util.OptionalDouble;
import java.util.OptionalInt;

/** What a step learns from beside the groups that are sampled for it. A setting of the replay buffer is an error without one. */
public record BufferConfig(
        @Setting(
                value = "fresh",
                doc = "fresh: a step learns from the groups that are sampled for it; replay: also from groups of"
                        + " earlier steps, so that fewer are sampled")
        Kind buffer,

        @Setting(value = "null", doc = "groups that are kept at most, the oldest go first; null: 4 steps' worth")
        OptionalInt bufferSize,

        @Setting(
                value = "null",
                doc = "optimizer steps between the weights that sampled a group and those that learn from it at most;"
                        + " null: 8")
        OptionalInt bufferMaxAge,

        @Setting(value = "null", doc = "share of a step's groups that are sampled for it, rounded up; null: 0.5")
        OptionalDouble bufferFresh,

        @Setting(
                value = "null",
                doc = "largest importance weight (probability now / when it was sampled) of a replayed token, at"
                        + " least 1, for methods without a ratio of their own; null: no weights")
        OptionalDouble bufferImportance) {
    private static final int STEPS = 4;
    private static final int AGE = 8;
    private static final double FRESH = 0.5;

    /** Where a step's groups come from. */
    public enum Kind {
        /** Sampled for it. */
        FRESH,
        /** Also from earlier steps. */
        REPLAY
    }

    public BufferConfig {
        boolean replay = buffer == Kind.REPLAY;
        only(bufferSize.isPresent(), "buffer_size", replay);
        only(bufferMaxAge.isPresent(), "buffer_max_age", replay);
        only(bufferFresh.isPresent(), "buffer_fresh", replay);
        only(bufferImportance.isPresent(), "buffer_importance", replay);
        requireAtLeast("buffer_size", 1, bufferSize.orElse(1));
        int age = bufferMaxAge.orElse(1);
        require(
                age >= 1,
                "buffer_max_age must be at least 1, got " + age
                        + (age == 0 ? ": a group of age 0 is a fresh one, which buffer=fresh learns from" : ""));
        double fresh = bufferFresh.orElse(FRESH);
        require(
                fresh > 0 && fresh < 1,
                "buffer_fresh must be a share above 0 and below 1, got " + fresh
                        + (fresh == 1 ? "; buffer=fresh learns from fresh groups alone" : ""));
        double cap = bufferImportance.orElse(1);
        require(
                cap >= 1 && Double.isFinite(cap),
                "buffer_importance must be at least 1, got " + cap
                        + ": the weight of a token that the policy has just drawn is 1, and a lower limit would merely"
                        + " take all of them down; 1 only ever weighs a token of older weights down");
    }

    private static void only(boolean given, String key, boolean replay) {
        require(!given || replay, key + " has no effect with buffer=fresh; set buffer=replay, or leave it out");
    }

    /** Whether groups of earlier steps are learned from. */
    public boolean isReplay() {
        return buffer == Kind.REPLAY;
    }

    /** Groups that are kept at most. */
    public int size(int groupsOfStep) {
        return bufferSize.orElse((int) Math.min((long) STEPS * groupsOfStep, Integer.MAX_VALUE));
    }

    /** Optimizer steps that a group may be old. */
    public int maxAge() {
        return bufferMaxAge.orElse(AGE);
    }

    /** Groups that are sampled for a step: at least one. */
    public int fresh(int groupsOfStep) {
        return isReplay() ? Math.max(1, (int) Math.ceil(bufferFresh.orElse(FRESH) * groupsOfStep)) : groupsOfStep;
    }
}
