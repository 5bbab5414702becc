// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import java.math.BigInteger;

/** Counts what a rendering uses, and ends it at the limits. */
final class Meter {
    private static final int CHARACTERS_PER_STEP = 16;

    private final JinjaLimits limits;
    private long steps;
    private long size;
    private int depth;

    Meter(JinjaLimits limits) {
        this.limits = limits;
    }

    /** One evaluated part of the template. */
    void step() {
        if (++steps > limits.steps()) {
            throw JinjaException.limit("the template takes more than " + limits.steps() + " steps (limit: steps)");
        }
    }

    /** An operation that reads so many characters or elements. */
    void read(long count) {
        steps += Math.max(0, count) / CHARACTERS_PER_STEP;
        step();
    }

    /** A value of so many characters or elements; called before it is made. */
    void make(long count) {
        size += Math.max(0, count);
        if (size > limits.size() || size < 0) {
            throw JinjaException.limit("the template makes values of more than " + limits.size()
                    + " characters and elements in all (limit: size)");
        }
        read(count);
    }

    /** Output has so many characters now. */
    void output(long length) {
        if (length > limits.output()) {
            throw JinjaException.limit(
                    "the template writes more than " + limits.output() + " characters (limit: output)");
        }
    }

    void enter() {
        if (++depth > limits.depth()) {
            throw JinjaException.limit("the template nests deeper than " + limits.depth()
                    + " levels, perhaps a macro that calls itself without end (limit: depth)");
        }
    }

    void leave() {
        depth--;
    }

    /** An integer that is not too large. */
    static Value integer(BigInteger value) {
        if (value.bitLength() > JinjaLimits.MAX_INTEGER_BITS) {
            throw tooLarge();
        }
        return new Value.Int(value);
    }

    static JinjaException tooLarge() {
        return JinjaException.limit(
                "the template computes an integer of more than 4300 digits (limit: size of an integer)");
    }
}
