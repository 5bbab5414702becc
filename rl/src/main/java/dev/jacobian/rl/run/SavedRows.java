// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.run;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.rows.Rows;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** A data set in a run.json: its path is the run's {@code data}, and how it is read stands among the options. */
public final class SavedRows {
    private static final String SPLIT = "split";
    private static final String COLUMNS = "columns";

    private SavedRows() {}

    /** How rows are read, by name; nothing where they are read as they are. */
    public static Map<String, String> options(Rows rows) {
        Map<String, String> options = new TreeMap<>();
        rows.split().ifPresent(split -> options.put(SPLIT, split));
        if (!rows.columns().isEmpty()) {
            ObjectNode columns = Json.object();
            new TreeMap<>(rows.columns()).forEach(columns::put);
            options.put(COLUMNS, Json.compact(columns));
        }
        return options;
    }

    /** The rows at a path, read as some options say; other options are not looked at. */
    public static Rows read(Path path, Map<String, String> options) {
        Map<String, String> columns = new LinkedHashMap<>();
        String names = options.get(COLUMNS);
        if (names != null) {
            Json.parse(names, "the run's option '" + COLUMNS + "'")
                    .properties()
                    .forEach(column ->
                            columns.put(column.getKey(), column.getValue().asText()));
        }
        return new Rows(path, Optional.ofNullable(options.get(SPLIT)), columns);
    }

    /** Options without those that say how rows are read. */
    public static Map<String, String> without(Map<String, String> options) {
        Map<String, String> others = new TreeMap<>(options);
        others.remove(SPLIT);
        others.remove(COLUMNS);
        return others;
    }
}
