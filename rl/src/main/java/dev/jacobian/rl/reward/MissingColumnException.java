// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import java.util.Set;

/** A problem has no column of a name: a slip in the name rather than in the row. */
public final class MissingColumnException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    private final String column;

    /** @param columns those that it has */
    public MissingColumnException(String column, Set<String> columns) {
        super("the problem has no column '" + column + "'; its columns are " + columns);
        this.column = column;
    }

    /** The column that is not there. */
    public String column() {
        return column;
    }
}
