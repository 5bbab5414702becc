// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/** JSON files of tests: reading goldens, and changing a copy of a model's files. */
public final class TestJson {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private TestJson() {}

    /** The content of a file. */
    public static JsonNode read(Path file) {
        try {
            return MAPPER.readTree(file.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Changes a file that holds an object, in place. */
    public static void edit(Path file, Consumer<ObjectNode> change) {
        ObjectNode node = (ObjectNode) read(file);
        change.accept(node);
        try {
            MAPPER.writeValue(file.toFile(), node);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** An array of integers. */
    public static int[] ints(JsonNode array) {
        int[] values = new int[array.size()];
        Arrays.setAll(values, i -> array.get(i).intValue());
        return values;
    }

    /** An array of arrays of integers. */
    public static List<int[]> rows(JsonNode arrays) {
        List<int[]> rows = new ArrayList<>();
        arrays.forEach(row -> rows.add(ints(row)));
        return rows;
    }
}
