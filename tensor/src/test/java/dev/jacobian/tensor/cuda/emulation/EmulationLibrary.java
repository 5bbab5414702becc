// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.emulation;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/**
 * The emulated device for tests: built when the first asks for it.
 *
 * <p>Without g++ the tests are skipped with a message; {@code -Djacobian.gpu.emulation=required} makes that a failure.
 */
public final class EmulationLibrary {
    private static Path folder;
    private static boolean told;

    private EmulationLibrary() {}

    /** The library with the kernels, and the fake driver around them. */
    public static Path get() {
        return folder().resolve("libcuda.so.1");
    }

    /** The folder of all libraries. */
    static synchronized Path folder() {
        if (folder == null) {
            if (!Tools.onLinuxX86() || Tools.firstLine("g++", "--version").isEmpty()) {
                skip(
                        Tools.onLinuxX86()
                                ? "no g++ on the path, so the GPU backend is not tested; install it (apt install g++)"
                                : "the GPU backend is tested on Linux x86-64 only");
            }
            try {
                folder = new FakeDriverBuild().build();
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        }
        return folder;
    }

    private static void skip(String message) {
        if ("required".equals(System.getProperty("jacobian.gpu.emulation"))) {
            throw new AssertionError(message + " (-Djacobian.gpu.emulation=required forbids skipping)");
        }
        if (!told) {
            told = true;
            System.err.println("SKIPPED: " + message); // the console shows a skip's number only
        }
        Assumptions.abort(message);
    }
}
