// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.JsonlWriter;
import dev.jacobian.rl.observe.Span;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RunReportTest {
    /** As an HTML parser sees them: a script element ends at the first {@code </script}. */
    private static final Pattern SCRIPT = Pattern.compile("<script([^>]*)>(.*?)</script", Pattern.DOTALL);

    @TempDir
    Path directory;

    @Test
    void carriesEveryMetricThatHasAChartAndEveryOther() {
        DemoRun.write(directory, 30);
        JsonNode data = data(report());
        List<String> script = List.of(scripts(report()).get(2));
        for (String metric : DemoRun.CHARTED) {
            assertThat(data.path("metrics").path(metric))
                    .as(metric)
                    .hasSize(data.get("steps").size());
            assertThat(script.getFirst()).contains("'" + metric + "'");
        }
        assertThat(data.path("metrics").has("learning_rate")).isTrue();
        assertThat(data.path("run").path("config").path("num_generations").asInt())
                .isEqualTo(8);
        assertThat(data.path("completions")).hasSize(120);
    }

    @Test
    void evaluationsBeforeAndAfterTrainingAreOnTheCurve() {
        DemoRun.write(directory, 30);
        JsonNode data = data(report());
        assertThat(data.path("steps").get(0).asInt()).isZero();
        JsonNode heldOut = data.path("metrics").path("pass@1");
        assertThat(heldOut.get(0).asDouble()).isEqualTo(0.0713);
        assertThat(heldOut.get(1).isNull()).as("step 1 was not evaluated").isTrue();
        assertThat(heldOut.get(30).asDouble()).isEqualTo(0.6241);
    }

    @Test
    void carriesTheEndOfTheTimeline() {
        DemoRun.write(directory, 3);
        try (JsonlWriter timeline = JsonlWriter.create(directory.resolve("timeline.jsonl"))) {
            for (int i = 0; i < RunReport.MAX_SPANS + 5; i++) {
                timeline.write(new Span(Span.Work.SAMPLING, i, 1_000_000_000L * i, 1_000_000_000L * i + 250_000_000L)
                        .toJson(0));
            }
        }
        JsonNode spans = data(report()).path("timeline");
        assertThat(spans).hasSize(RunReport.MAX_SPANS);
        assertThat(spans.get(0).toString())
                .isEqualTo("{\"work\":\"sampling\",\"rollout\":5,\"begin\":5.0,\"end\":5.25}");
    }

    @Test
    void makesNoRequest() {
        DemoRun.write(directory, 3);
        String html = report();
        assertThat(html).contains("default-src 'none'").doesNotContain("sourceMappingURL");
        String markup = SCRIPT.matcher(html).replaceAll("");
        assertThat(markup).doesNotContainPattern("(?i)<(link|img|iframe|object|embed|base|audio|video|source)\\b");
        assertThat(markup).doesNotContainPattern("(?i)(src|srcset|action|data)\\s*=");
        assertThat(markup).doesNotContainPattern("(?i)href\\s*=\\s*[\"']?[^\"'#]");
        assertThat(markup).doesNotContainPattern("(?i)@import|url\\(");
        List<String> scripts = scripts(html);
        assertThat(scripts.get(1) + scripts.get(2))
                .doesNotContain("fetch(", "XMLHttpRequest", "importScripts", "WebSocket");
        assertThat(scripts.get(2))
                .doesNotContain("innerHTML =", "outerHTML", "insertAdjacentHTML", "document.write", "eval(");
    }

    @Test
    void policyNamesTheHashOfEachScriptAndOfTheStyle() throws Exception {
        DemoRun.write(directory, 1);
        String html = report();
        List<String> scripts = scripts(html);
        String style = html.substring(html.indexOf("<style>") + 7, html.indexOf("</style>"));
        for (String source : List.of(scripts.get(1), scripts.get(2), style)) {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(source.getBytes(StandardCharsets.UTF_8));
            assertThat(html).contains("'sha256-" + Base64.getEncoder().encodeToString(digest) + "'");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "</script><script>alert(1)</script>",
                "</SCRIPT ><img src=x onerror=alert(1)>",
                "<!-- <script> --!> ]]>",
                "line\u2028paragraph\u2029end",
                "{{script}} {{data}} $1 ${x} \\u003c \\\\",
                "quote \" and ' and & &lt; and \t\r\n\0",
                "emoji \uD83D\uDE00 and <think>6*7</think><answer>42</answer>"
            })
    void hostileCompletionsStayData(String text) {
        DemoRun.write(directory, 1);
        try (JsonlWriter completions = JsonlWriter.create(directory.resolve("completions.jsonl"))) {
            completions.write(Json.object()
                    .put("step", 1)
                    .put("prompt", text)
                    .put("completion", text)
                    .put("reward", 0.5)
                    .put("advantage", 0.0)
                    .put("finish_reason", text));
        }
        Json.write(
                directory.resolve("run.json"),
                Json.object().put("algorithm", text).put("task", text));
        String html = report();
        assertThat(scripts(html)).hasSize(3);
        assertThat(html.split("(?i)<script", -1)).hasSize(4);
        assertThat(html.split("(?i)</script", -1)).hasSize(4);
        assertThat(scripts(html).getFirst()).doesNotContain("<", ">", "&", "\u2028", "\u2029");
        JsonNode completion = data(html).path("completions").get(0);
        assertThat(completion.path("completion").asText()).isEqualTo(text);
        assertThat(completion.path("prompt").asText()).isEqualTo(text);
        String title = html.substring(html.indexOf("<title>") + 7, html.indexOf("</title>"));
        assertThat(title).doesNotContain("<", ">");
    }

    @Test
    void emptyRun() {
        JsonNode data = data(report());
        assertThat(data.path("steps")).isEmpty();
        assertThat(data.path("metrics")).isEmpty();
        assertThat(data.path("completions")).isEmpty();
    }

    @Test
    void oneStep() {
        DemoRun.write(directory, 1);
        JsonNode data = data(report());
        assertThat(data.path("steps")).hasSize(1);
        assertThat(data.path("metrics").path("reward")).hasSize(1);
    }

    @Test
    void metricsAbsentInSomeStepsAreNull() throws IOException {
        Files.writeString(directory.resolve("metrics.jsonl"), """
            {"step": 2, "a": 1.5, "note": "text is no metric"}
            {"step": 1, "b": 0.123456789}
            {"step": 2, "a": 2.5}
            """);
        JsonNode data = data(report());
        assertThat(data.path("steps").toString()).isEqualTo("[1,2]");
        assertThat(data.path("metrics").toString()).isEqualTo("{\"b\":[0.123457,null],\"a\":[null,2.5]}");
    }

    @Test
    void unfinishedLastLineOfAKilledRunIsLeftOut() throws IOException {
        DemoRun.write(directory, 5);
        Files.writeString(directory.resolve("metrics.jsonl"), "{\"step\": 6, \"rew", StandardOpenOption.APPEND);
        assertThat(data(report()).path("steps")).hasSize(6); // 0 to 5
    }

    @Test
    void brokenLineInTheMiddleIsAnErrorThatNamesIt() throws IOException {
        Files.writeString(directory.resolve("metrics.jsonl"), "{\"step\": 1}\nnonsense\n{\"step\": 2}\n");
        assertThatThrownBy(() -> RunReport.write(directory))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("metrics.jsonl, line 2");
        assertThat(directory.resolve("report.html")).doesNotExist();
    }

    @Test
    void missingDirectoryIsAnErrorThatNamesIt() {
        assertThatThrownBy(() -> RunReport.write(directory.resolve("nowhere")))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("nowhere");
    }

    @Test
    void longRunsKeepAnEvenSelectionOfCompletions() {
        int steps = 2 * RunReport.MAX_COMPLETIONS;
        String longText = "x".repeat(RunReport.MAX_TEXT + 7);
        try (JsonlWriter completions = JsonlWriter.create(directory.resolve("completions.jsonl"))) {
            for (int step = 1; step <= steps; step++) {
                completions.write(Json.object().put("step", step).put("completion", step == 1 ? longText : "y"));
            }
        }
        JsonNode data = data(report());
        assertThat(data.path("completions_total").asInt()).isEqualTo(steps);
        assertThat(data.path("completions")).hasSize(RunReport.MAX_COMPLETIONS);
        assertThat(data.path("completions").get(1).path("step").asInt()).isEqualTo(3);
        assertThat(data.path("completions").get(0).path("completion").asText())
                .startsWith("x".repeat(RunReport.MAX_TEXT) + " … [7 more");
    }

    @Test
    void pictureShowsBothCurves() {
        DemoRun.write(directory, 50);
        RunSvg.write(directory, directory.resolve("run.svg"));
        String svg = read("run.svg");
        assertThat(svg).startsWith("<svg ").endsWith("</svg>\n").contains("GRPO on countdown, countdown-5m");
        assertThat(svg).doesNotContain("/home/", "NaN", "Infinity", "<script", "<image", "xlink");
        assertThat(svg).contains("from 7.1 % to 62.4 %");
        assertThat(count(svg, "<circle ")).isEqualTo(6); // steps 0, 10, 20, 30, 40, 50
        List<MatchResult> lines = Pattern.compile("<polyline class=\"([a-z ]+)\" points=\"([^\"]*)\"")
                .matcher(svg)
                .results()
                .toList();
        assertThat(lines).extracting(line -> line.group(1)).containsExactly("line blue", "raw teal", "line teal");
        for (MatchResult line : lines) {
            for (String point : line.group(2).trim().split(" ")) {
                String[] xy = point.split(",");
                assertThat(Double.parseDouble(xy[0])).isBetween(0.0, 880.0);
                assertThat(Double.parseDouble(xy[1])).isBetween(80.0, 280.0);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void pictureOfAShortRun(int steps) {
        DemoRun.write(directory, steps);
        RunSvg.write(directory, directory.resolve("run.svg"));
        assertThat(read("run.svg")).endsWith("</svg>\n").doesNotContain("NaN", "Infinity");
    }

    private String report() {
        RunReport.write(directory);
        return read("report.html");
    }

    private String read(String name) {
        try {
            return Files.readString(directory.resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> scripts(String html) {
        return SCRIPT.matcher(html).results().map(match -> match.group(2)).toList();
    }

    private static JsonNode data(String html) {
        Matcher matcher = SCRIPT.matcher(html);
        assertThat(matcher.find()).isTrue();
        assertThat(matcher.group(1)).isEqualTo(" id=\"data\" type=\"application/json\"");
        return Json.parse(matcher.group(2), "report.html");
    }

    private static int count(String text, String part) {
        return text.split(Pattern.quote(part), -1).length - 1;
    }
}
