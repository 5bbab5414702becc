// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import java.util.List;

/** A truth value that follows from something else unless it is given; {@code null} in JSON then. */
public enum Automatic implements Spelled {
    /** It follows. */
    AUTOMATIC("null"),
    /** True. */
    TRUE("true"),
    /** False. */
    FALSE("false");

    private final String spelling;

    Automatic(String spelling) {
        this.spelling = spelling;
    }

    /** The value, given what it would follow from. */
    public boolean or(boolean otherwise) {
        return this == AUTOMATIC ? otherwise : this == TRUE;
    }

    @Override
    public List<String> spellings() {
        return List.of(spelling);
    }
}
