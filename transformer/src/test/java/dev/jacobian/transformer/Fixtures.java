// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Where test data lies, and how goldens spell integer arrays. */
final class Fixtures {
    private Fixtures() {}

    static Path testdata(String first, String... more) {
        return Path.of(System.getProperty("jacobian.testdata")).resolve(Path.of(first, more));
    }

    static Path shared(String first, String... more) {
        return Path.of(System.getProperty("jacobian.shared")).resolve(Path.of(first, more));
    }

    static int[] ints(JsonNode array) {
        int[] values = new int[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).intValue();
        }
        return values;
    }

    static List<int[]> rows(JsonNode arrays) {
        List<int[]> rows = new ArrayList<>();
        arrays.forEach(row -> rows.add(ints(row)));
        return rows;
    }
}
