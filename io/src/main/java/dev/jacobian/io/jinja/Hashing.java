// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

/** Which values can be keys of a dictionary. */
final class Hashing {
    private Hashing() {}

    /** The same value. */
    static Value require(Value key) {
        if (!isHashable(key)) {
            throw JinjaException.operation("unhashable type: '" + PythonText.typeName(key) + "'");
        }
        return key;
    }

    static boolean isHashable(Value key) {
        return switch (key) {
            case Value.Items l -> false;
            case Value.Dict d -> false;
            case Value.View v -> false;
            case Value.Tuple tuple -> tuple.items().stream().allMatch(Hashing::isHashable);
            default -> true;
        };
    }
}
