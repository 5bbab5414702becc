// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.lora;

import java.util.Locale;

/** Which biases of the base model are trained and saved with an adapter. */
public enum Bias {
    NONE,
    /** All that the model has. */
    ALL,
    /** Those of the modules that the adapter changes. */
    LORA_ONLY;

    /** As adapter_config.json spells it. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
