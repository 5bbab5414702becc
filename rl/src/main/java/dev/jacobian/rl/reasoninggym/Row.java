// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import dev.jacobian.rl.reward.Columns;
import java.util.List;
import java.util.Map;

/** What scorers read in a row besides its answer: {@code metadata}, whose form reasoning-gym decides. */
final class Row {
    private Row() {}

    /** The metadata. */
    static Columns metadata(Columns row) {
        if (!(row.values().get("metadata") instanceof Map<?, ?> map)) {
            throw new IllegalArgumentException("a reasoning-gym row needs an object 'metadata'; its columns are "
                    + row.values().keySet());
        }
        @SuppressWarnings("unchecked") // the keys of a JSON object are strings
        Map<String, Object> values = (Map<String, Object>) map;
        return new Columns(values);
    }

    /** The stored answer. */
    static String answer(Columns row) {
        return row.string("answer");
    }

    /** A list of the metadata. */
    static List<?> list(Columns row, String name) {
        if (!(metadata(row).values().get(name) instanceof List<?> list)) {
            throw new IllegalArgumentException("a reasoning-gym row needs a list 'metadata." + name + "'");
        }
        return list;
    }
}
