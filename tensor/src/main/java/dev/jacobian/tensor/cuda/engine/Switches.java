// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.engine;

/** System properties that turn a way of computing off, to compare it or to do without. */
public final class Switches {
    private Switches() {}

    /**
     * Whether a property is {@code true}, which it is by default.
     *
     * @throws IllegalArgumentException if it is neither that nor {@code false}
     */
    public static boolean isOn(String property) {
        String value = System.getProperty(property, "true");
        return switch (value) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException(property + " is '" + value + "'; use true or false");
        };
    }
}
