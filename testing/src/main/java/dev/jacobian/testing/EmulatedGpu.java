// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.testing;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** The device that tests compute on: the CPU, or a GPU that the build emulates. */
public final class EmulatedGpu {
    private EmulatedGpu() {}

    /** What {@code -Djacobian.test.device} says, by default {@code cpu}. On an emulated GPU that is not there the test is skipped. */
    public static String device() {
        String device = System.getProperty("jacobian.test.device", "cpu");
        if (!device.equals("cpu")) {
            require();
        }
        return device;
    }

    /**
     * Skips the test if the emulated GPU was not built (and {@code -Djacobian.gpu.real=true} names no real one); {@code
     * -Djacobian.gpu.emulation=required} makes that a failure.
     */
    public static void require() {
        Path libraries = Path.of(System.getProperty("jacobian.cuda.libraries", ""));
        boolean usable = Boolean.getBoolean("jacobian.gpu.real") || Files.exists(libraries.resolve("libcuda.so.1"));
        if (!usable && "required".equals(System.getProperty("jacobian.gpu.emulation"))) {
            throw new AssertionError("no emulated GPU in '" + libraries + "'; the tests of the tensor module build it");
        }
        Assumptions.assumeTrue(
                usable,
                () -> "skipped: no emulated GPU in '" + libraries + "'; the tests of the tensor module build it (g++)");
    }
}
