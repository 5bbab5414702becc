// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

/** Which values count as true. */
final class Truth {
    private Truth() {}

    static boolean of(Value value) {
        return switch (value) {
            case Value.None n -> false;
            case Value.Bool(boolean truth) -> truth;
            case Value.Int integer -> integer.value().signum() != 0;
            case Value.Real(double number) -> number != 0;
            case Value.Str string -> !string.text().isEmpty();
            case Value.Sequence sequence -> !sequence.items().isEmpty();
            case Value.Dict dict -> !dict.entries().isEmpty();
            case Value.View view -> !view.items().isEmpty();
            case Value.Range range -> range.count() > 0;
            case Value.Undefined u -> false;
            case Value.Generator g -> true; // whether it has elements or not
            case Value.Namespace n -> true;
            case Value.Special s -> true;
        };
    }
}
