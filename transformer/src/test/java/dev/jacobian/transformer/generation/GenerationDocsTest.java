// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** docs/generation.md says what the table of keys says. */
class GenerationDocsTest {
    private static String document() throws IOException {
        return Files.readString(TestPaths.project().resolve("docs/generation.md"));
    }

    private static String listed(Iterable<String> keys) {
        List<String> quoted = new ArrayList<>();
        keys.forEach(key -> quoted.add("`" + key + "`"));
        return String.join(", ", quoted) + ".";
    }

    @Test
    @DisplayName("every setting with its type, default and meaning, in order, and no other")
    void settings() throws IOException {
        String table = GenerationKeys.ALL.stream()
                .map(key -> "| `" + key.name() + "` | " + key.type().words() + " | "
                        + (key.preset().isEmpty() ? "" : "`" + key.preset() + "`") + " | " + key.doc() + " |\n")
                .collect(Collectors.joining());
        assertThat(document())
                .contains("| setting | value | unless said | meaning |\n| --- | --- | --- | --- |\n" + table + "\n");
    }

    @Test
    @DisplayName("every key that is passed over or refused")
    void others() throws IOException {
        assertThat(document())
                .contains("passed over: " + listed(new TreeSet<>(GenerationKeys.WITHOUT_EFFECT)))
                .contains("turns it off: " + listed(new TreeSet<>(GenerationKeys.UNSUPPORTED.keySet())));
    }
}
