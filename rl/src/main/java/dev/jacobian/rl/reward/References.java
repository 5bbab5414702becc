// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import java.util.Optional;

/** The column that a completion is compared with. */
final class References {
    private References() {}

    /**
     * Checks that a reference can be compared with.
     *
     * @throws IllegalArgumentException if the column is missing, neither a string nor a number, or blank
     */
    static void require(Columns columns, String column) {
        if (Blanks.strip(columns.string(column)).isEmpty()) {
            throw new IllegalArgumentException("column '" + column + "' is empty, so no completion could be right");
        }
    }

    /** A reference that may be a worked solution: what is in its last box, if it has one. */
    static String boxed(Columns columns, String column) {
        String text = columns.string(column);
        Optional<String> box = BoxedText.lastContent(text);
        return box.orElse(text);
    }
}
