// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.JsonlWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunsPageTest {
    @TempDir
    Path folder;

    /** A run of three steps whose reward grows by {@code slope}. */
    private Path run(String name, int staleness, double slope) throws Exception {
        Path run = Files.createDirectories(folder.resolve(name));
        ObjectNode json = Json.object().put("algorithm", "grpo").put("task", "<b>sums</b>");
        json.put("seconds", 12.5).put("pass@1_before", 0.25).put("pass@1_after", 0.5);
        json.putObject("config").put("seed", 3).put("max_staleness", staleness);
        Json.write(run.resolve("run.json"), json);
        try (JsonlWriter metrics = JsonlWriter.create(run.resolve("metrics.jsonl"))) {
            for (int step = 1; step <= 3; step++) {
                metrics.write(Json.object()
                        .put("step", step)
                        .put("reward", slope * step)
                        .put("step_time", 2.0));
            }
        }
        return run;
    }

    @Test
    @DisplayName("a page has what came of each run, what they differ in, and their curves over steps and seconds")
    void page() throws Exception {
        String page = RunsPage.html(List.of(run("alternating", 0, 0.1), run("ahead", 1, 0.2)));
        assertThat(page).contains(">alternating<", ">ahead<", "12.50", "0.2500", "0.5000", "0.3000", "0.6000");
        assertThat(page)
                .contains("<tr><th>max_staleness</th><td>0</td><td>1</td></tr>")
                .doesNotContain("<th>seed</th>");
        assertThat(page.split("<polyline class=\"c0\"", -1))
                .as("three curves over steps, two over seconds")
                .hasSize(6);
        assertThat(page).contains("step 3.00", "seconds 6.00");
    }

    @Test
    @DisplayName("what a run's files say is text, and the page asks for nothing")
    void untrusted() throws Exception {
        String page = RunsPage.html(List.of(run("a", 0, 0.1), run("b", 0, 0.1)));
        assertThat(page).contains("&lt;b&gt;sums", "default-src 'none'").doesNotContain("<b>", "<script", "src=");
    }

    @Test
    @DisplayName("two runs of one name are told apart, and a folder that is not there is named")
    void names() throws Exception {
        Path first = run("one/run", 0, 0.1);
        Path second = run("two/run", 0, 0.1);
        assertThat(RunsPage.html(List.of(first, second))).contains(first.toString(), second.toString());
        assertThatThrownBy(() -> RunsPage.html(List.of(first, folder.resolve("none"))))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("none");
    }
}
