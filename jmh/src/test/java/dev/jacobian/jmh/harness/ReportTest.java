// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.harness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {
    private static Suite suite(Unit unit) {
        return new Suite(
                "work",
                "hard work",
                "p",
                unit,
                List.of("a", "b <c>"),
                List.of("a"),
                text -> 6,
                text -> Optional.empty(),
                List.of(new Side.Jmh("ours", Side.Role.OURS, "x.Y.z")),
                1,
                new Effort(3, 1, 5, 100),
                text -> 512,
                true,
                "A note.");
    }

    private static Row.Score score(String name, double median) {
        return new Row.Score(name, median, median * 0.9, median * 1.1, 3 << 20);
    }

    private static Report report(Unit unit, Row... rows) {
        Machine machine = new Machine("A processor", 2, "Linux", "a JVM", "vector-512", "abc1234");
        boolean peers = !rows[0].peers().isEmpty();
        return new Report(suite(unit), List.of(rows), machine, new Effort(3, 1, 5, 100), 1, peers, false);
    }

    private static Row row(Unit unit, double ours, Row.Score... peers) {
        return new Row(
                "b <c>",
                unit,
                score("ours", ours),
                List.of(peers),
                List.of(score("plain loop", ours / 8)),
                peers.length == 0 ? Optional.empty() : Optional.of(new double[] {1.5, 2.5}),
                Optional.of(new Row.Limit(Roofline.COMPUTE, 200, 0.5)),
                1,
                3);
    }

    @Test
    void aRateIsBetterWhenLargerATimeWhenSmaller() {
        assertThat(Unit.GFLOPS.score(2, 6e9)).isEqualTo(3);
        assertThat(Unit.SECONDS.score(2, 6e9)).isEqualTo(2);
        assertThat(Unit.TOKENS.ratio(30, 20)).isEqualTo(1.5);
        assertThat(Unit.SECONDS.ratio(20, 30)).isEqualTo(1.5);
    }

    @Test
    void jsonOfARate() {
        Row row = row(Unit.GFLOPS, 100, score("best", 50), score("other", 25));
        JsonNode object = JsonRows.of(report(Unit.GFLOPS, row)).get(0);
        assertThat(object.get("suite").asText()).isEqualTo("work");
        assertThat(object.get("case").asText()).isEqualTo("b <c>");
        assertThat(object.get("unit").asText()).isEqualTo("GFLOP/s");
        assertThat(object.get("score").asDouble()).isEqualTo(100);
        assertThat(object.get("peer").asText()).isEqualTo("best");
        assertThat(object.get("peer_score").asDouble()).isEqualTo(50);
        assertThat(object.get("ratio").asDouble()).isEqualTo(2);
        assertThat(object.get("others").get("other").asDouble()).isEqualTo(25);
        assertThat(object.get("others").get("plain loop").asDouble()).isEqualTo(12.5);
        assertThat(object.get("threads").asInt()).isEqualTo(1);
        assertThat(object.get("roofline").get("share").asDouble()).isEqualTo(0.5);
        assertThat(object.get("peak_memory_bytes").get("best").asLong()).isEqualTo(3 << 20);
    }

    @Test
    void jsonOfATimeHasTheRatioTheOtherWayRound() {
        Row row = row(Unit.SECONDS, 2, score("best", 3));
        JsonNode object = JsonRows.of(report(Unit.SECONDS, row)).get(0);
        assertThat(object.get("ratio").asDouble()).isEqualTo(1.5);
    }

    @Test
    void jsonWithoutPeersHasNulls() {
        JsonNode object =
                JsonRows.of(report(Unit.GFLOPS, row(Unit.GFLOPS, 100))).get(0);
        assertThat(object.get("peer").isNull()).isTrue();
        assertThat(object.get("peer_score").isNull()).isTrue();
        assertThat(object.get("ratio").isNull()).isTrue();
        assertThat(object.has("ratio_spread")).isFalse();
    }

    @Test
    void theGeometricMeanIsOfTheRatios() {
        List<Row> rows = List.of(
                row(Unit.GFLOPS, 100, score("p", 50)), row(Unit.GFLOPS, 100, score("p", 200)), row(Unit.GFLOPS, 1));
        assertThat(Row.geometricMean(rows).orElseThrow()).isCloseTo(1, within(1e-12));
        assertThat(Row.geometricMean(List.of(row(Unit.GFLOPS, 1)))).isEmpty();
    }

    @Test
    void writesPageChartAndJson(@TempDir Path folder) throws Exception {
        Row row = row(Unit.GFLOPS, 100, score("best", 50));
        Path extra = folder.resolve("extra.json");
        report(Unit.GFLOPS, row).write(folder.resolve("out"), Optional.of(extra));

        String page = Files.readString(folder.resolve("out/work.md"));
        assertThat(page)
                .startsWith("# work\n")
                .contains("![chart](work.svg)", "| b <c> | 100 |", "2.00", "50 % of FMA peak", "3 MiB")
                .contains("A processor, 2 available", "a JVM", "-Xmx512m", "abc1234", "3 rounds", "A note.");
        assertThat(Json.read(folder.resolve("out/work.json"))).isEqualTo(Json.read(extra));
        String svg = Files.readString(folder.resolve("out/work.svg"));
        assertThat(svg).contains("b &lt;c&gt;", "2.00 best");
        assertThat(DocumentBuilderFactory.newInstance()
                        .newDocumentBuilder()
                        .parse(folder.resolve("out/work.svg").toFile())
                        .getDocumentElement()
                        .getTagName())
                .isEqualTo("svg");
    }

    @Test
    void theTerminalTableIsAligned() throws IOException {
        String[] lines = Grid.of(report(Unit.GFLOPS, row(Unit.GFLOPS, 100, score("best", 50)), row(Unit.GFLOPS, 2)))
                .text()
                .split("\n");
        assertThat(lines).hasSize(3);
        assertThat(lines[1]).hasSameSizeAs(lines[0]);
        assertThat(lines[2]).hasSameSizeAs(lines[0]);
    }

    @Test
    void medianOfEvenAndOddCounts() {
        assertThat(Fork.median(new double[] {5, 1, 3})).isEqualTo(3);
        assertThat(Fork.median(new double[] {4, 1, 3, 2})).isEqualTo(2.5);
    }
}
