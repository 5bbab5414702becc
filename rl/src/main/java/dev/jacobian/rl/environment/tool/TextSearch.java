// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.tool;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.rl.environment.Start;
import dev.jacobian.rl.reward.Columns;

/**
 * Finds passages of a text by their words. The text is a column of the problem; its passages are its lines that are not blank.
 *
 * @param column that has the text
 * @param passages told at most
 */
public record TextSearch(String column, int passages) implements Tool {
    private static final String PARAMETER = "query";

    public TextSearch {
        if (passages < 1) {
            throw new IllegalArgumentException("a search tells at least 1 passage, not " + passages);
        }
    }

    @Override
    public String name() {
        return "search";
    }

    @Override
    public String description() {
        return "Finds the passages of the text that match some words best.";
    }

    @Override
    public ObjectNode parameters() {
        return FunctionTool.of(PARAMETER, "string");
    }

    @Override
    public void requireUsable(Columns columns) {
        columns.string(column);
    }

    @Override
    public ToolUse open(Start start) {
        PassageIndex index = new PassageIndex(start.columns().string(column));
        return arguments -> {
            String query = FunctionTool.text(arguments, PARAMETER);
            String found = String.join("\n", index.find(query, passages));
            return found.isEmpty() ? "nothing found" : found;
        };
    }
}
