// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import static dev.jacobian.rl.config.Checks.require;

import dev.jacobian.autograd.optim.Schedule;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** {@link Schedule.Kind} under the names of {@code transformers.get_scheduler}. */
public enum LrScheduler implements Spelled {
    /** It stays; a warm-up comes first if there is one, whichever name is used. */
    CONSTANT(Schedule.Kind.CONSTANT, "constant", "constant_with_warmup"),
    /** It falls to 0 in a straight line. */
    LINEAR(Schedule.Kind.LINEAR, "linear"),
    /** It falls to 0 along half a cosine. */
    COSINE(Schedule.Kind.COSINE, "cosine"),
    /** It falls to 0 along half a cosine several times. */
    COSINE_WITH_RESTARTS(Schedule.Kind.COSINE_WITH_RESTARTS, "cosine_with_restarts"),
    /** It falls to {@code min_lr} or {@code min_lr_rate} along half a cosine. */
    COSINE_WITH_MIN_LR(Schedule.Kind.COSINE_WITH_MIN_LR, "cosine_with_min_lr"),
    /** The same, with a warm-up from {@code warmup_lr_rate}. */
    COSINE_WARMUP_WITH_MIN_LR(Schedule.Kind.COSINE_WARMUP_WITH_MIN_LR, "cosine_warmup_with_min_lr"),
    /** It falls to {@code lr_end} as a power of what is left. */
    POLYNOMIAL(Schedule.Kind.POLYNOMIAL, "polynomial"),
    /** It falls as one over the root of the step. */
    INVERSE_SQRT(Schedule.Kind.INVERSE_SQRT, "inverse_sqrt"),
    /** It stays, and falls at the end. */
    WARMUP_STABLE_DECAY(Schedule.Kind.WARMUP_STABLE_DECAY, "warmup_stable_decay");

    private static final Set<String> FLOORS = Set.of("min_lr", "min_lr_rate");
    private static final String KEY = "lr_scheduler_kwargs";
    private static final double LR_END = 1e-7; // transformers' default

    private final Schedule.Kind kind;
    private final List<String> spellings;

    LrScheduler(Schedule.Kind kind, String... spellings) {
        this.kind = kind;
        this.spellings = List.of(spellings);
    }

    /** The shape. */
    Schedule.Kind kind() {
        return kind;
    }

    /**
     * The schedule of a run.
     *
     * @param kwargs under transformers' names; {@code min_lr}, {@code lr_end} and {@code warmup_lr} are rates, not factors
     */
    Schedule schedule(int warmup, int updates, Arguments kwargs, double learningRate) {
        Map<String, Double> numbers = new HashMap<>();
        Map<String, String> words = new HashMap<>();
        kwargs.values().forEach((name, value) -> {
            switch (name) {
                case "min_lr", "warmup_lr" -> numbers.put(name + "_rate", kwargs.number(KEY, name, 0) / learningRate);
                case "lr_end" -> numbers.put("lr_end_rate", kwargs.number(KEY, name, 0) / learningRate);
                case "warmup_type", "decay_type" -> words.put(name, value.toString());
                default -> numbers.put(name, kwargs.number(KEY, name, 0));
            }
        });
        if (this == COSINE_WITH_MIN_LR || this == COSINE_WARMUP_WITH_MIN_LR) {
            List<String> floors = kwargs.values().keySet().stream()
                    .filter(FLOORS::contains)
                    .sorted()
                    .toList();
            require(
                    floors.size() == 1,
                    "lr_scheduler_type=" + spellings.getFirst()
                            + " needs min_lr or min_lr_rate in lr_scheduler_kwargs, one of" + " the two, found "
                            + (floors.isEmpty() ? "neither" : "both"));
        }
        if (this == POLYNOMIAL) {
            numbers.putIfAbsent("lr_end_rate", LR_END / learningRate);
        }
        return new Schedule(kind, warmup, Math.max(1, Math.max(warmup, updates)), numbers, words);
    }

    @Override
    public List<String> spellings() {
        return spellings;
    }
}
