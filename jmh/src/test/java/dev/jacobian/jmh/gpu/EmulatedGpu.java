// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.gpu;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.jacobian.jmh.Folders;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where the tests of the tensor module leave the emulated device's libraries. */
public final class EmulatedGpu {
    private EmulatedGpu() {}

    /** The folder; without it the test is skipped, which {@code -Djacobian.gpu.emulation=required} makes a failure. */
    public static Path libraries() {
        Path folder = Folders.root().resolve("tensor/target/emulated-cuda").toAbsolutePath();
        boolean there = Files.exists(folder.resolve("libcuda.so.1"));
        String message =
                "no emulated GPU in tensor/target/emulated-cuda; the tests of the tensor module build it with g++";
        if (!there && "required".equals(System.getProperty("jacobian.gpu.emulation"))) {
            throw new AssertionError(message + " (-Djacobian.gpu.emulation=required forbids skipping)");
        }
        assumeTrue(there, message);
        return folder;
    }
}
