// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import dev.jacobian.tensor.Nullable;
import java.util.HashMap;
import java.util.Map;

/**
 * The variables of a block. Those of the blocks around it can be read, and what is set here hides them: so a {@code set} in a loop
 * ends with the loop's turn, which is why templates use namespaces. {@code if} has no scope of its own.
 */
final class Scope {
    private final @Nullable Scope around;
    private final Map<String, Value> variables = new HashMap<>();

    Scope(@Nullable Scope around) {
        this.around = around;
    }

    /** The value of a variable; null if there is none. */
    @Nullable
    Value find(String name) {
        for (Scope scope = this; scope != null; scope = scope.around) {
            Value value = scope.variables.get(name);
            if (value != null) {
                return value;
            }
        }
        return null;
    }

    void set(String name, Value value) {
        variables.put(name, value);
    }
}
