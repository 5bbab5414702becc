// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.promptset;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;

/**
 * What a tool found of a row.
 *
 * @param kept whether the row stays in the set
 * @param bin where it stands in the distribution
 * @param columns what was measured, by the names of the columns that say so
 */
public record Finding(boolean kept, String bin, Map<String, JsonNode> columns) {
    /** Copies the columns. */
    public Finding {
        columns = Map.copyOf(columns);
    }
}
