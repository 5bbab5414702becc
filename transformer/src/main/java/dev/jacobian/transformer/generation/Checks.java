// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

/** What settings of generation are checked with. */
final class Checks {
    private Checks() {}

    static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }

    static void requireTokenIds(String key, int... ids) {
        for (int id : ids) {
            require(id >= 0, key + " must hold token ids, got " + id);
        }
    }
}
