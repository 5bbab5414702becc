// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Test models, and damaged copies of them. */
final class Fixtures {
    private Fixtures() {}

    static Path model(String name) {
        return testdata().resolve("models").resolve(name);
    }

    private static Path testdata() {
        return Optional.ofNullable(System.getProperty("jacobian.testdata"))
                .map(Path::of)
                .orElseGet(() -> above(Path.of("").toAbsolutePath()));
    }

    private static Path above(Path folder) {
        Path candidate = folder.resolve("testdata");
        return Files.isDirectory(candidate) ? candidate : above(folder.getParent());
    }

    static JsonNode golden(String name) {
        return Json.read(model(name).resolve("golden.json"));
    }

    /** A copy of a model's folder without its goldens. */
    static Path copy(String name, Path into) throws IOException {
        Path target = Files.createDirectories(into.resolve(name));
        try (Stream<Path> files = Files.list(model(name))) {
            for (Path file : files.toList()) {
                String fileName = file.getFileName().toString();
                if (!fileName.startsWith("golden")) {
                    Files.copy(file, target.resolve(fileName));
                }
            }
        }
        return target;
    }

    /** Changes one JSON file. */
    static void edit(Path file, Consumer<ObjectNode> change) {
        ObjectNode json = (ObjectNode) Json.read(file);
        change.accept(json);
        Json.write(file, json);
    }

    static Path write(Path file, String text) throws IOException {
        return Files.writeString(file, text);
    }

    static int[] ints(JsonNode array) {
        int[] values = new int[array.size()];
        Arrays.setAll(values, i -> array.get(i).intValue());
        return values;
    }

    /** Where the real tokens of a padded row are: [from, to). */
    static int[] span(JsonNode goldenCase, int row) {
        int[] mask = ints(goldenCase.get("attention_mask").get(row));
        int from = 0;
        int to = mask.length;
        while (mask[from] == 0) {
            from++;
        }
        while (mask[to - 1] == 0) {
            to--;
        }
        return new int[] {from, to};
    }

    /** Rows of a golden array without the padding of the case. */
    static String unpadded(JsonNode goldenCase, JsonNode rows) {
        List<String> out = new ArrayList<>();
        for (int r = 0; r < rows.size(); r++) {
            int[] span = span(goldenCase, r);
            out.add(Arrays.toString(Arrays.copyOfRange(ints(rows.get(r)), span[0], span[1])));
        }
        return out.toString();
    }
}
