// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import dev.jacobian.autograd.optim.Schedule;
import java.util.List;

/** {@link Schedule.Kind} under the names of {@code transformers.get_scheduler}. */
public enum LrScheduler implements Spelled {
    /** It stays; a warm-up comes first if there is one, whichever name is used. */
    CONSTANT(Schedule.Kind.CONSTANT, "constant", "constant_with_warmup"),
    /** It falls to 0 in a straight line. */
    LINEAR(Schedule.Kind.LINEAR, "linear"),
    /** It falls to 0 along half a cosine. */
    COSINE(Schedule.Kind.COSINE, "cosine");

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

    @Override
    public List<String> spellings() {
        return spellings;
    }
}
