// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.reproduction.claim.Claims;
import dev.jacobian.testing.TestPaths;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code jacobian reproduce}. */
class ReproduceCommandTest {
    @TempDir
    Path folder;

    @Test
    @DisplayName("without a name the claims are listed, with minutes")
    void list() {
        Run run = Run.of("reproduce");
        assertThat(run.code()).isZero();
        assertThat(run.out().lines().filter(line -> line.startsWith("E")))
                .hasSize(Claims.all().size())
                .allMatch(line -> line.contains(" min "));
    }

    @Test
    @DisplayName(
            "--json ends with claim, verdict and figures; page and document are written; what is there is not measured"
                    + " again")
    void measures() throws Exception {
        Path docs = folder.resolve("docs.md");
        Object[] line = {
            "reproduce", "E30", "e27", "e30", "--quick", "--json", "--out", folder.resolve("out"), "--docs", docs
        };
        Run run = Run.of(line);
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode json = Json.parse(run.out().lines().reduce((a, b) -> b).orElseThrow(), "output");
        assertThat(json.get("claim").asText()).isEqualTo("E27");
        assertThat(json.get("verdict").asText()).isIn("reproduced in direction", "not reproduced", "inconclusive");
        assertThat(json.get("figures").get("share of problems kept").get("seeds"))
                .hasSize(3);
        assertThat(Files.readString(folder.resolve("out/reproductions.html")))
                .contains("E27 · Filters for generated tests", "<canvas id=\"chart-0\">", "size for seconds");
        assertThat(Files.readString(docs)).contains("| not measured in full |").doesNotContain("Measured: 3 seeds");
        assertThat(folder.resolve("docs.html")).exists();
        assertThat(run.err()).contains("0 of " + Claims.all().size() + " claims are measured in full");
        Run again = Run.of(line);
        assertThat(run.out().lines()).hasSize(2); // each once, in the order that was asked for
        assertThat(again.out()).isEqualTo(run.out());
        assertThat(again.err()).contains("E27 seed 3 of 3: there");
    }

    @Test
    @DisplayName(
            "an unknown claim, a number of seeds below 1, a file for a folder and a folder for a file are wrong usage,"
                    + " and said so")
    void wrong() throws Exception {
        Run unknown = Run.of("reproduce", "E99");
        assertThat(unknown.code()).isEqualTo(2);
        assertThat(unknown.err()).contains("there is no claim 'E99'", "E13");
        Run none = Run.of("reproduce", "E13", "--seeds", "0");
        assertThat(none.code()).isEqualTo(2);
        assertThat(none.err()).contains("--seeds must be at least 1, got 0");
        Path file = Files.writeString(folder.resolve("file"), "kept");
        Run taken = Run.of("reproduce", "E27", "--quick", "--out", file);
        assertThat(taken.code()).isEqualTo(2);
        assertThat(taken.err()).contains("--out " + file + " is a file; name a folder");
        Run document = Run.of("reproduce", "--docs", folder);
        assertThat(document.code()).isEqualTo(2);
        assertThat(document.err()).contains("must name a file that ends in .md");
    }

    @Test
    @DisplayName("the project's document is what the results beside it give, by the rules of today")
    void published() throws Exception {
        Path docs = TestPaths.project().resolve("docs");
        Path written = folder.resolve("reproductions.md");
        Run run = Run.of("reproduce", "--out", docs.resolve("reproductions"), "--docs", written);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(Files.readString(written))
                .as("docs/reproductions.md; write it again by jacobian reproduce --out docs/reproductions --docs"
                        + " docs/reproductions.md")
                .isEqualTo(Files.readString(docs.resolve("reproductions.md")));
        assertThat(docs.resolve("reproductions.html")).exists();
    }
}
