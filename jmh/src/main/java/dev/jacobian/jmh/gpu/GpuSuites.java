// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.gpu;

import java.util.List;
import java.util.Optional;

/** What there is to measure on a GPU. */
public final class GpuSuites {
    /** Those that need little of the machine first: what has been measured is kept if time runs out. */
    public static final List<GpuSuite> ALL = List.of(
            GpuLaunch.SUITE,
            GpuMatMul.SUITE,
            GpuAttention.SUITE,
            GpuTraining.SUITE,
            GpuGeneration.DECODE,
            GpuGeneration.ROLLOUTS,
            GpuGrpo.SUITE);

    private GpuSuites() {}

    static Optional<GpuSuite> named(String name) {
        return ALL.stream().filter(suite -> suite.name().equals(name)).findFirst();
    }
}
