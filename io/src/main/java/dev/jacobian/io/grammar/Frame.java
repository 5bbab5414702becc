// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import java.util.Arrays;

/**
 * Where a rule goes on when it ends: for each of its callers the instruction behind the call, and the caller's own frame. Callers at
 * one place of the text share one frame, so that a rule is run once for all of them, and what is still open of a text takes room by
 * its depth and not by the number of ways to read it.
 *
 * <p>Equal by content; frames inside of it are compared by identity, since equal ones are one object.
 */
final class Frame {
    /** Of the whole text. */
    static final Frame ROOT = new Frame(new int[0], new Frame[0]);

    final int[] behind;
    final Frame[] callers;
    final int depth;
    private final int hash;

    /** @param behind sorted, with {@code callers} in step */
    Frame(int[] behind, Frame[] callers) {
        this.behind = behind;
        this.callers = callers;
        int deepest = 0;
        int code = Arrays.hashCode(behind);
        for (Frame caller : callers) {
            deepest = Math.max(deepest, caller.depth + 1);
            code = 31 * code + System.identityHashCode(caller);
        }
        depth = deepest;
        hash = code;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Frame frame
                && Arrays.equals(behind, frame.behind)
                && Ways.sameObjects(callers, frame.callers);
    }

    @Override
    public int hashCode() {
        return hash;
    }
}
