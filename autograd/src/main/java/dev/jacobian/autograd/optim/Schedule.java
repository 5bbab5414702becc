// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd.optim;

/**
 * Learning-rate schedules with warm-up, with the names and values of {@code transformers.get_scheduler}.
 *
 * <p>The factor rises linearly from 0 over the warm-up steps, then stays ({@code constant}), falls linearly to 0 at the last
 * step ({@code linear}), or follows half a cosine to 0 ({@code cosine}).
 *
 * @param kind shape after the warm-up
 * @param warmupSteps steps of linear rise
 * @param totalSteps steps of the whole run
 */
public record Schedule(Kind kind, int warmupSteps, int totalSteps) {
    /** Shapes. */
    public enum Kind {
        CONSTANT,
        LINEAR,
        COSINE;

        /** Parses {@code constant}, {@code constant_with_warmup}, {@code linear} or {@code cosine}. */
        public static Kind parse(String name) {
            return switch (name) {
                case "constant", "constant_with_warmup" -> CONSTANT;
                case "linear" -> LINEAR;
                case "cosine" -> COSINE;
                default ->
                    throw new IllegalArgumentException(
                            "unknown lr_scheduler_type '" + name + "'; use constant, linear or cosine");
            };
        }
    }

    public Schedule {
        if (warmupSteps < 0 || totalSteps < 1 || warmupSteps > totalSteps) {
            throw new IllegalArgumentException(
                    "need 0 <= warmup steps <= total steps, got " + warmupSteps + " of " + totalSteps);
        }
    }

    /** No warm-up, no decay. */
    public static Schedule constant() {
        return new Schedule(Kind.CONSTANT, 0, 1);
    }

    /**
     * Factor of the base learning rate.
     *
     * @param step optimizer steps already taken: 0 for the first
     */
    public double factor(int step) {
        if (step < warmupSteps) {
            return (double) step / warmupSteps;
        }
        if (kind == Kind.CONSTANT) {
            return 1;
        }
        double progress = Math.min(1, (double) (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
        return kind == Kind.LINEAR ? 1 - progress : 0.5 * (1 + StrictMath.cos(StrictMath.PI * progress));
    }
}
