// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.libraries;

import java.nio.file.Path;

/**
 * A library that the search found.
 *
 * @param file where it is
 * @param origin why the search looked there, such as {@code CUDA_HOME}
 * @param major the number at the end of its name: 1 for {@code libcuda.so.1}
 * @param fault why it cannot be loaded; empty if it can
 */
public record FoundLibrary(Path file, String origin, int major, String fault) {
    /** Whether it can be loaded. */
    public boolean usable() {
        return fault.isEmpty();
    }

    @Override
    public String toString() {
        return file + " (" + origin + ")" + (usable() ? "" : ": " + fault);
    }
}
