// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.lora;

import java.util.List;

/**
 * A choice of modules by their paths in a checkpoint, such as {@code model.layers.0.self_attn.q_proj}, as PEFT's {@code target_modules} and
 * {@code exclude_modules} have it.
 */
public sealed interface Modules {
    /** What a family's attention makes queries and values with: PEFT's default for most families. */
    record Default() implements Modules {}

    /** Every linear layer but the head and what chooses experts. */
    record AllLinear() implements Modules {}

    /** Modules whose path is one of these or ends in a dot and one of these. */
    record Named(List<String> names) implements Modules {
        public Named {
            names = List.copyOf(names);
        }

        /** Whether a name means the module. */
        static boolean means(String name, String module) {
            return module.equals(name) || module.endsWith("." + name);
        }
    }

    /** Modules whose whole path matches an expression. */
    record Matching(ModulePattern pattern) implements Modules {}
}
