// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd.optim;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Learning-rate schedules with warm-up, with the names and values of {@code transformers.get_scheduler}.
 *
 * <p>The factor rises linearly from 0 over the warm-up steps, then follows its {@linkplain Kind shape}.
 *
 * @param kind shape after the warm-up
 * @param warmupSteps steps of linear rise
 * @param totalSteps steps of the whole run
 * @param numbers what the shape takes beside, under transformers' names; what is missing has transformers' default
 * @param words the same for what is no number
 */
public record Schedule(
        Kind kind, int warmupSteps, int totalSteps, Map<String, Double> numbers, Map<String, String> words) {
    /** Shapes, and the settings that each takes. */
    public enum Kind {
        /** It stays at 1. */
        CONSTANT(""),
        /** Straight to 0 at the last step. */
        LINEAR(""),
        /** Along cosines: half of one ({@code num_cycles} 0.5) falls to 0. */
        COSINE("num_cycles"),
        /** Half a cosine to 0, several times. */
        COSINE_WITH_RESTARTS("num_cycles"),
        /** Half a cosine to a rest. */
        COSINE_WITH_MIN_LR("num_cycles min_lr_rate"),
        /** The same, and the warm-up begins above 0; its first step is not lost. */
        COSINE_WARMUP_WITH_MIN_LR("num_cycles min_lr_rate warmup_lr_rate"),
        /** A power of what is left. */
        POLYNOMIAL("power lr_end_rate"),
        /** 1/√ of the step. */
        INVERSE_SQRT("timescale"),
        /** Warm-up, a long plain, a fall at the end: three phases, each with a shape of its own. */
        WARMUP_STABLE_DECAY("num_decay_steps num_stable_steps min_lr_ratio num_cycles warmup_type decay_type");

        private final String settings;

        Kind(String settings) {
            this.settings = settings;
        }

        /** The shape of transformers' name; a constant with warm-up is a constant here. */
        public static Kind parse(String name) {
            for (Kind kind : values()) {
                if (kind.name().toLowerCase(Locale.ROOT).equals(name)) {
                    return kind;
                }
            }
            if (name.equals("constant_with_warmup")) {
                return CONSTANT;
            }
            throw new IllegalArgumentException("unknown lr_scheduler_type '" + name + "'; use "
                    + Arrays.stream(values())
                            .map(kind -> kind.name().toLowerCase(Locale.ROOT))
                            .collect(Collectors.joining(", ")));
        }

        /** Names of what it takes beside, with a blank between them. */
        public String settings() {
            return settings;
        }
    }

    public Schedule {
        if (warmupSteps < 0 || totalSteps < 1 || warmupSteps > totalSteps) {
            throw new IllegalArgumentException(
                    "need 0 <= warmup steps <= total steps, got " + warmupSteps + " of " + totalSteps);
        }
        numbers = Map.copyOf(numbers);
        words = Map.copyOf(words);
        for (String name : new TreeMap<>(numbers).keySet()) {
            require(kind, name);
        }
        for (Map.Entry<String, String> word : new TreeMap<>(words).entrySet()) {
            require(kind, word.getKey());
            if (!word.getValue().matches("linear|cosine|1-sqrt")) {
                throw new IllegalArgumentException(
                        word.getKey() + " must be linear, cosine or 1-sqrt, not '" + word.getValue() + "'");
            }
        }
        if (kind == Kind.WARMUP_STABLE_DECAY && !numbers.containsKey("num_decay_steps")) {
            throw new IllegalArgumentException(
                    "warmup_stable_decay needs num_decay_steps: how many steps the fall at the end takes");
        }
    }

    private static void require(Kind kind, String name) {
        if (!(" " + kind.settings + " ").contains(" " + name + " ")) {
            throw new IllegalArgumentException("the schedule " + kind.name().toLowerCase(Locale.ROOT) + " takes no '"
                    + name + "'" + (kind.settings.isEmpty() ? "" : "; it takes " + kind.settings.replace(" ", ", ")));
        }
    }

    /** A shape that takes nothing beside, or the defaults of what it takes. */
    public Schedule(Kind kind, int warmupSteps, int totalSteps) {
        this(kind, warmupSteps, totalSteps, Map.of(), Map.of());
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
        if (kind == Kind.WARMUP_STABLE_DECAY) {
            return threePhases(step);
        }
        if (step < warmupSteps) {
            return kind == Kind.COSINE_WARMUP_WITH_MIN_LR ? warmUpFromAbove(step) : (double) step / warmupSteps;
        }
        double progress = (double) (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
        double end = Math.min(1, progress);
        return switch (kind) {
            case CONSTANT, WARMUP_STABLE_DECAY -> 1;
            case LINEAR -> 1 - end;
            case COSINE -> Math.max(0, cosine(number("num_cycles", 0.5) * 2 * end));
            case COSINE_WITH_RESTARTS ->
                progress >= 1 ? 0 : Math.max(0, cosine(number("num_cycles", 1) * progress % 1));
            case COSINE_WITH_MIN_LR -> above(cosine(number("num_cycles", 0.5) * 2 * end), number("min_lr_rate", 0));
            case COSINE_WARMUP_WITH_MIN_LR -> {
                double next = Math.min(1, (step - warmupSteps + 1.0) / Math.max(1, totalSteps - warmupSteps));
                yield above(cosine(number("num_cycles", 0.5) * 2 * next), number("min_lr_rate", 0));
            }
            case POLYNOMIAL -> above(StrictMath.pow(1 - end, number("power", 1)), number("lr_end_rate", 0));
            case INVERSE_SQRT -> {
                double timescale = number("timescale", warmupSteps == 0 ? 10_000 : warmupSteps);
                yield 1 / Math.sqrt((step + timescale - warmupSteps) / timescale);
            }
        };
    }

    private double warmUpFromAbove(int step) {
        return numbers.containsKey("warmup_lr_rate")
                ? above((double) step / Math.max(1, warmupSteps - 1), number("warmup_lr_rate", 0))
                : (step + 1.0) / warmupSteps;
    }

    private double threePhases(int step) {
        double rest = number("min_lr_ratio", 0);
        int decay = (int) number("num_decay_steps", 0);
        int stable = (int) number("num_stable_steps", totalSteps - warmupSteps - decay);
        if (step < warmupSteps) {
            double progress = (double) step / warmupSteps;
            return above(
                    switch (words.getOrDefault("warmup_type", "linear")) {
                        case "cosine" -> 0.5 * (1 - StrictMath.cos(StrictMath.PI * progress));
                        case "1-sqrt" -> 1 - Math.sqrt(1 - progress);
                        default -> progress;
                    },
                    rest);
        }
        if (step < warmupSteps + stable) {
            return 1;
        }
        if (step >= warmupSteps + stable + decay) {
            return rest;
        }
        double progress = (double) (step - warmupSteps - stable) / Math.max(1, decay);
        return above(
                switch (words.getOrDefault("decay_type", "cosine")) {
                    case "linear" -> 1 - progress;
                    case "1-sqrt" -> 1 - Math.sqrt(progress);
                    default -> cosine(number("num_cycles", 0.5) * 2 * progress);
                },
                rest);
    }

    /** A factor in [0, 1] as one in [rest, 1]. */
    private static double above(double factor, double rest) {
        return Math.max(0, factor * (1 - rest) + rest);
    }

    /** 1 at 0, 0 at 1. */
    private static double cosine(double halves) {
        return 0.5 * (1 + StrictMath.cos(StrictMath.PI * halves));
    }

    private double number(String name, double fallback) {
        return numbers.getOrDefault(name, fallback);
    }
}
