// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.jmh.gpu.GpuSuite;
import dev.jacobian.jmh.gpu.GpuSuites;
import dev.jacobian.jmh.harness.Effort;
import dev.jacobian.jmh.harness.Machine;
import dev.jacobian.jmh.harness.Side;
import dev.jacobian.jmh.harness.Side.Role;
import dev.jacobian.jmh.harness.Suite;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The suites on a GPU as the harness sees them: both sides are programs that measure themselves. */
final class GpuSides {
    /** Of a fork of ours: the weights of the largest model in F32, and room to make them. */
    static final int HEAP_MIB = 8192;

    private static final String TORCH = "torch";

    /** The programs' own {@code --quick} in each of three rounds. */
    private static final Effort EFFORT = new Effort(3, 3, 3, 100);

    private GpuSides() {}

    static Stream<Suite> suites() {
        return GpuSuites.ALL.stream().map(GpuSides::suite);
    }

    private static Suite suite(GpuSuite of) {
        List<Side> sides = new ArrayList<>(List.of(new Side.Program(KernelSuites.OURS, Role.OURS, OnGpu.ours(of))));
        if (of.peer().isPresent()) {
            sides.add(new Side.Program(TORCH, Role.PEER, OnGpu.torch(of)));
        }
        return new Suite(
                of.name(),
                of.description(),
                "case",
                of.unit(),
                of.cases(),
                of.cases(),
                of::workOf,
                label -> Optional.empty(),
                List.copyOf(sides),
                0,
                EFFORT,
                label -> HEAP_MIB,
                false,
                of.note());
    }

    /** The suite with a note that its figures are none. */
    static Suite toy(Suite of) {
        return new Suite(
                of.name(),
                of.description(),
                of.parameter(),
                of.unit(),
                of.cases(),
                of.quickCases(),
                of.work(),
                of.demand(),
                of.sides(),
                of.threads(),
                of.effort(),
                of.heap(),
                of.showMemory(),
                "Toy shapes, to see that all sides run: these are no measurements.");
    }

    static boolean isOnGpu(Suite suite) {
        return suite.ours() instanceof Side.Program program && program.program() instanceof OnGpu;
    }

    /** The machine with the device that a suite was measured on in the place of the CPU's kernels. */
    static Machine machine(Suite suite, Machine machine) {
        Optional<String> device = suite.ours() instanceof Side.Program program && program.program() instanceof OnGpu gpu
                ? gpu.device()
                : Optional.empty();
        return device.map(name -> new Machine(
                        machine.processor(), machine.processors(), machine.os(), machine.jvm(), name, machine.commit()))
                .orElse(machine);
    }
}
