// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.code;

import dev.jacobian.rl.sandbox.Outcome;
import java.util.Locale;

/** What a judge says about a program. */
public enum Verdict {
    /** Right on every test. */
    ACCEPTED,
    /** It ended well and wrote something else than it should. */
    WRONG_ANSWER,
    /** It took too long, by the processor's time or by the clock. */
    TIME_LIMIT,
    /** It asked for too much memory. */
    MEMORY_LIMIT,
    /** It wrote too much. */
    OUTPUT_LIMIT,
    /** It returned another code than 0, or a signal ended it. */
    RUNTIME_ERROR,
    /** It was refused before its first line. */
    COMPILE_ERROR;

    /** The verdict on a run: what the run itself says, or whether its output is right. */
    static Verdict of(Outcome outcome, boolean right) {
        return switch (outcome.ending()) {
            case NOT_COMPILED -> COMPILE_ERROR;
            case CPU_LIMIT, WALL_LIMIT -> TIME_LIMIT;
            case MEMORY_LIMIT -> MEMORY_LIMIT;
            case OUTPUT_LIMIT -> OUTPUT_LIMIT;
            case KILLED -> RUNTIME_ERROR;
            case EXITED -> outcome.exitCode() != 0 ? RUNTIME_ERROR : right ? ACCEPTED : WRONG_ANSWER;
        };
    }

    /** As in files and on the command line: {@code wrong_answer}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
