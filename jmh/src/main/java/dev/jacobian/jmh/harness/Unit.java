// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.harness;

/** What a score counts, and whether more of it is better. */
public enum Unit {
    TFLOPS("TFLOP/s", 1e12),
    GFLOPS("GFLOP/s", 1e9),
    GIGABYTES("GB/s", 1e9),
    MEGABYTES("MB/s", 1e6),
    TOKENS("tok/s", 1),
    /** Answers judged. */
    PAIRS("pairs/s", 1),
    /** Programs run. */
    PROGRAMS("programs/s", 1),
    /** Time per token: less is better. */
    MICROSECONDS_PER_TOKEN("µs/token", 0),
    /** Time per call: less is better. */
    SECONDS("s", 0);

    private final String text;
    private final double scale;

    Unit(String text, double scale) {
        this.text = text;
        this.scale = scale;
    }

    /** As printed. */
    public String text() {
        return text;
    }

    /** Whether a larger score is the better one. */
    public boolean isRate() {
        return scale > 0;
    }

    /**
     * The score of a call.
     *
     * @param seconds time of one call
     * @param work operations, bytes or tokens of one call; a time does not need it
     */
    public double score(double seconds, double work) {
        return switch (this) {
            case SECONDS -> seconds;
            case MICROSECONDS_PER_TOKEN -> seconds * 1e6 / work;
            case TFLOPS, GFLOPS, GIGABYTES, MEGABYTES, TOKENS, PAIRS, PROGRAMS -> work / seconds / scale;
        };
    }

    /** How many times faster the first is than the second. */
    public double ratio(double score, double other) {
        return isRate() ? score / other : other / score;
    }
}
