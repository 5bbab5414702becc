// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.jmh.harness.Suite;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What there is to measure. */
final class Suites {
    /** In the order of the help. */
    static final List<Suite> ALL = Stream.concat(
                    Stream.of(
                            KernelSuites.matrixProduct(),
                            KernelSuites.attention(),
                            KernelSuites.norms(),
                            KernelSuites.head(),
                            KernelSuites.optimizer(),
                            ModelSuites.trainingStep(),
                            ModelSuites.decode(),
                            ModelSuites.prefill(),
                            ModelSuites.longContext(),
                            ModelSuites.rollouts(),
                            ModelSuites.tailRollouts(),
                            ModelSuites.serving(),
                            ModelSuites.sampling(),
                            ModelSuites.grpo(),
                            ModelSuites.sftStep(),
                            ModelSuites.dpoStep(),
                            DataSuites.tokenizer(),
                            DataSuites.grammar(),
                            DataSuites.score(),
                            DataSuites.sandbox(),
                            DataSuites.loading()),
                    GpuSides.suites())
            .toList();

    private Suites() {}

    static Optional<Suite> named(String name) {
        return ALL.stream().filter(suite -> suite.name().equals(name)).findFirst();
    }
}
