// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.rl.reproduction.claim.Claims;
import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The list of what the papers name; that its links lead somewhere is {@link DocumentationTest}'s. */
class SeedsTest {
    private static final int ITEMS = 95;
    private static final Pattern ROW = Pattern.compile("\\| (\\d+) \\| .+ \\| (.+) \\| (.*) \\|");
    private static final Pattern SOURCE = Pattern.compile("\\[`(\\w+)`]\\((\\S+)/(\\w+)\\.java\\)");
    private static final Pattern FIGURE = Pattern.compile("reproductions\\.md#(e\\d+)");

    @Test
    @DisplayName("each item stands once, with a place or as missing; what shows it is a test, or a claim that there is")
    void complete() throws IOException {
        String text = Files.readString(TestPaths.project().resolve("docs/seeds.md"));
        List<Matcher> rows =
                text.lines().map(ROW::matcher).filter(Matcher::matches).toList();
        assertThat(rows.stream().map(row -> Integer.parseInt(row.group(1))))
                .containsExactlyElementsOf(
                        IntStream.rangeClosed(1, ITEMS).boxed().toList());
        for (Matcher row : rows) {
            boolean isMissing = row.group(2).contains("**missing**");
            assertThat(isMissing || row.group(2).contains("](") || row.group(2).contains("`"))
                    .as(row.group())
                    .isTrue();
            assertThat(isMissing || row.group(3).contains("](")).as(row.group()).isTrue();
        }
        Matcher figures = FIGURE.matcher(text);
        while (figures.find()) {
            assertThat(Claims.find(figures.group(1))).as(figures.group(1)).isPresent();
        }
    }

    @Test
    @DisplayName("each class and each test that is named is in the file that its link leads to")
    void sources() throws IOException {
        Path page = TestPaths.project().resolve("docs/seeds.md");
        Matcher sources = SOURCE.matcher(Files.readString(page));
        int found = 0;
        while (sources.find()) {
            String name = sources.group(1);
            assertThat(sources.group(3)).isEqualTo(name);
            Path file = page.resolveSibling(sources.group(2) + "/" + name + ".java");
            assertThat(file).exists();
            String text = Files.readString(file);
            assertThat(text).as(name).containsPattern("(class|interface|record|enum) " + name + "\\b");
            assertThat(!name.endsWith("Test") || text.contains("@Test") || text.contains("@ParameterizedTest"))
                    .as(name + " has tests")
                    .isTrue();
            found++;
        }
        assertThat(found).isGreaterThan(ITEMS);
    }
}
