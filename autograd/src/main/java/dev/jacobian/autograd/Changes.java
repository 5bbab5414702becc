// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

/**
 * How often any of several parameters was changed: equal while everything computed from all of them still holds. Asking costs
 * nothing, however many they are; each {@linkplain Parameter#countIn says so} when it changes.
 */
public final class Changes {
    private long count;

    /** Changes so far. */
    public long count() {
        return count;
    }

    void add() {
        count++;
    }
}
