// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.emulation;

import java.util.List;
import java.util.Locale;

/** In which order the emulated device lets threads and blocks run. No kernel's result may depend on it. */
public enum ThreadOrder {
    FORWARD,
    REVERSE,
    RANDOM;

    /** Those that kernels are tested with: one that is unlike a device's usual one, or all where tests are exhaustive. */
    static List<ThreadOrder> tested() {
        return Exhaustive.wanted() ? List.of(values()) : List.of(RANDOM);
    }

    /** The name as the library spells it. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
