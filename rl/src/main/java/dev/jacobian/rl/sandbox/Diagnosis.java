// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

/**
 * Names how a program ended that no limit stopped on the way. In doubt the order is: the sandbox's own failure, time, memory, output, a signal, what
 * the program returned.
 */
final class Diagnosis {
    /** What a program that was killed returned. */
    static final int KILLED = 128 + 9;

    private static final int SIGXCPU = 24;

    private Diagnosis() {}

    /**
     * How it ended.
     *
     * @param limits with what the language adds
     * @param program where the program saw its folder
     */
    static Ending ending(Outcome outcome, Limits limits, Language.Runtime runtime, String program) {
        int signal = outcome.exitCode() > 128 && outcome.exitCode() <= 128 + 64 ? outcome.exitCode() - 128 : 0;
        if (signal == SIGXCPU || outcome.exitCode() == KILLED && outcome.cpuSeconds() >= 0.95 * limits.cpuSeconds()) {
            return Ending.CPU_LIMIT;
        }
        if (outcome.exitCode() == 0) {
            return Ending.EXITED;
        }
        String said = outcome.stderrText();
        if (outcome.peakMemoryBytes() >= limits.memoryBytes()
                || runtime.outOfMemory().filter(said::contains).isPresent()) {
            return Ending.MEMORY_LIMIT;
        }
        if (runtime.refused()
                .filter(sign -> said.startsWith(sign.replace("{program}", program)))
                .isPresent()) {
            return Ending.NOT_COMPILED;
        }
        return signal == 0 ? Ending.EXITED : Ending.KILLED;
    }
}
