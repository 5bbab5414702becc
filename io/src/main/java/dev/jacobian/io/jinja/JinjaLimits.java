// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

/**
 * What one rendering may use. Templates come with checkpoints from anywhere, so none is trusted: each limit ends the
 * rendering with a message that names it. The longest real template needs about a thousandth of these on a long conversation.
 *
 * @param steps units of work: one for each part of the template that is evaluated, one for every 16 characters or elements
 *     that an operation reads
 * @param depth how deep evaluation may nest, macros that call macros included; bounded by the stack of a Java thread
 * @param size characters and list elements that all values made during the rendering may have together; bounds memory
 * @param output characters of the rendered text
 */
public record JinjaLimits(long steps, int depth, long size, long output) {
    /** A second or two of time, at most 400 MB of memory. */
    public static final JinjaLimits DEFAULT = new JinjaLimits(20_000_000, 600, 100_000_000, 20_000_000);

    /** Longest source that is parsed, in characters. The longest published template has about 20,000. */
    public static final int MAX_SOURCE = 1 << 20;

    /** Deepest nesting of blocks and of brackets in a source. */
    static final int MAX_NESTING = 100;

    /** Deepest nesting of lists and dictionaries as values. */
    static final int MAX_VALUE_DEPTH = 250;

    /** Largest integer in bits, which is Python's own limit of 4300 digits for printing. */
    static final int MAX_INTEGER_BITS = 14_284;

    /** Longest {@code range}, as in the sandbox of Python's Jinja. */
    static final int MAX_RANGE = 100_000;
}
