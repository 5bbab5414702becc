// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.emulation;

import java.util.Locale;

/** In which order the emulated device lets threads and blocks run. No kernel's result may depend on it. */
public enum ThreadOrder {
    FORWARD,
    REVERSE,
    RANDOM;

    /** The name as the library spells it. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
