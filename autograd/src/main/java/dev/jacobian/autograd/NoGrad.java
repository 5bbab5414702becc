// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import java.util.function.Supplier;

/** Runs code without remembering anything for gradients: sampling, scoring, evaluation. Applies to the current thread. */
public final class NoGrad {
    private static final ThreadLocal<Integer> DEPTH = ThreadLocal.withInitial(() -> 0);

    private NoGrad() {}

    /** Whether the current thread is inside {@link #run} or {@link #compute}. */
    public static boolean isActive() {
        return DEPTH.get() > 0;
    }

    /** Computes a value without recording. */
    public static <T> T compute(Supplier<T> body) {
        DEPTH.set(DEPTH.get() + 1);
        try {
            return body.get();
        } finally {
            DEPTH.set(DEPTH.get() - 1);
        }
    }

    /** Runs an action without recording. */
    public static void run(Runnable body) {
        compute(() -> {
            body.run();
            return null;
        });
    }
}
