// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.harness;

import dev.jacobian.jmh.RooflineBenchmark;

/** What limits a kind of work on this machine; measured in the same run as the suite. */
public enum Roofline {
    /** Fused multiply-adds on registers. */
    COMPUTE("FMA peak", "dev.jacobian.jmh.RooflineBenchmark.fma", Unit.GFLOPS, RooflineBenchmark.OPERATIONS),
    /** Reading arrays larger than any cache. */
    MEMORY("read bandwidth", "dev.jacobian.jmh.RooflineBenchmark.read", Unit.GIGABYTES, RooflineBenchmark.BYTES);

    private final String text;
    private final String benchmark;
    private final Unit unit;
    private final double work;

    Roofline(String text, String benchmark, Unit unit, double work) {
        this.text = text;
        this.benchmark = benchmark;
        this.unit = unit;
        this.work = work;
    }

    /** As printed. */
    public String text() {
        return text;
    }

    public Unit unit() {
        return unit;
    }

    String benchmark() {
        return benchmark;
    }

    /** Operations or bytes of one call on one thread. */
    double work() {
        return work;
    }

    /**
     * What one call of a case needs of it.
     *
     * @param kind which limit
     * @param amount operations or bytes
     */
    public record Demand(Roofline kind, double amount) {}
}
