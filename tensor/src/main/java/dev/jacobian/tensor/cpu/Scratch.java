// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

/**
 * Working memory of one thread, kept between calls so that kernels allocate nothing in steady state.
 *
 * <p>A kernel names the slot it uses; two kernels that run inside each other on one thread use different slots. Contents
 * are left over from earlier calls.
 */
final class Scratch {
    private static final ThreadLocal<Scratch> CURRENT = ThreadLocal.withInitial(Scratch::new);

    /** What a buffer is for. */
    enum Slot {
        LEFT,
        RIGHT,
        TILE,
        EXPONENTIALS,
        SCALES,
        LANES,
        QUERIES,
        SCORES,
        SLOPES,
        KEY_STRIPS,
        VALUE_STRIPS,
        KEY_ROWS,
        QUERY_ROWS,
        OUT_ROWS,
        KEY_GRADIENT,
        VALUE_GRADIENT,
        STATES,
        STATE_GRADIENTS,
        KEPT_STATES,
        TOKEN_STATES,
        CACHED_KEYS,
        CACHED_VALUES
    }

    private final float[][] buffers = new float[Slot.values().length][];

    private Scratch() {}

    /** The calling thread's scratch. */
    static Scratch current() {
        return CURRENT.get();
    }

    /** A buffer of at least {@code length} floats. */
    float[] get(Slot slot, int length) {
        float[] buffer = buffers[slot.ordinal()];
        if (buffer == null || buffer.length < length) {
            buffer = new float[Math.max(length, 64)];
            buffers[slot.ordinal()] = buffer;
        }
        return buffer;
    }
}
