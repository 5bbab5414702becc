// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.gpu;

import java.util.function.Supplier;

/**
 * A measurement; suite, name and unit are those of the PyTorch side in {@code src/peers/python}, by which the two are put side
 * by side.
 *
 * @param unit {@code s} for the time of a call, otherwise work per second
 * @param work what one call does, in the unit's measure
 * @param setUp makes the call; what it allocates lives until the measurement ends
 */
record GpuCase(String suite, String name, String unit, double work, Supplier<Runnable> setUp) {
    /** The score of a call that takes so many seconds. */
    double score(double seconds) {
        return unit.equals("s") ? seconds : work / seconds;
    }
}
