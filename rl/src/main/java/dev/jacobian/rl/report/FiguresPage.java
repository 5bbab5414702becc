// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.AtomicFiles;
import dev.jacobian.io.Json;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A page of text, tables and line charts, one after another: for what is no run of its own. Complete in itself like {@link RunReport}'s,
 * with the same style, the same charts and a policy that forbids everything else. All text is escaped.
 *
 * @param title of the page
 * @param lead what it is about, a paragraph
 * @param sections in order
 */
public record FiguresPage(String title, String lead, List<Section> sections) {
    /**
     * A part of the page.
     *
     * @param heading its title
     * @param facts paragraphs by label, such as "Claim"
     * @param table rows of cells, the first of which is the heading; empty for none
     * @param charts drawn below
     */
    public record Section(String heading, Map<String, String> facts, List<List<String>> table, List<Chart> charts) {}

    /**
     * A line chart.
     *
     * @param x what runs from left to right
     * @param y what is drawn
     * @param lines points by name
     */
    public record Chart(String x, String y, Map<String, Line> lines) {}

    /**
     * Points from left to right.
     *
     * @param x where
     * @param y what; NaN for a gap
     */
    public record Line(double[] x, double[] y) {}

    private static final String STYLE = """
        dt { float: left; clear: left; width: 8rem; color: var(--quiet); } dd { margin: 0 0 .3rem 8rem; max-width: 90ch; }
        table { border-collapse: collapse; margin: 1rem 0; } th, td { padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--edge); text-align: left; vertical-align: top; }
        .canvas { position: relative; height: 280px; max-width: 760px; margin: 1rem 0; background: #ffffff; border-radius: 8px; padding: 8px; }
        """;

    /** Writes the page. */
    public void write(Path file) {
        AtomicFiles.writeString(file, html());
    }

    String html() {
        String style = ReportPage.resource("report.css") + STYLE;
        String library = ReportPage.chartLibrary();
        String script = ReportPage.resource("figures.js");
        ArrayNode data = Json.object().putArray("charts");
        StringBuilder page = new StringBuilder();
        page.append("<!DOCTYPE html>\n<!-- SPDX-License-Identifier: Apache-2.0 -->\n<html lang=\"en\">\n<head>\n")
                .append("<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"")
                .append("default-src 'none'; base-uri 'none'; form-action 'none'; style-src ")
                .append(ReportPage.hash(style))
                .append("; script-src ")
                .append(ReportPage.hash(library))
                .append(' ')
                .append(ReportPage.hash(script))
                .append("\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>")
                .append(SafeText.html(title))
                .append("</title>\n<style>")
                .append(style)
                .append("</style>\n</head>\n<body>\n<h1>")
                .append(SafeText.html(title))
                .append("</h1>\n<p class=\"lead\">")
                .append(SafeText.html(lead))
                .append("</p>\n");
        sections.forEach(section -> append(page, section, data));
        return page.append("<footer>\n"
                        + "<p>Made by Jacobian. This page is complete in itself and makes no network"
                        + " requests.</p>\n")
                .append("<details><summary>Charts by Chart.js, MIT licence</summary><pre>")
                .append(SafeText.html(ReportPage.resource("chart-licence.txt")))
                .append("</pre></details>\n</footer>\n<script id=\"data\" type=\"application/json\">")
                .append(ReportPage.escapeScript(Json.compact(data)))
                .append("</script>\n<script>")
                .append(library)
                .append("</script>\n<script>")
                .append(script)
                .append("</script>\n</body>\n</html>\n")
                .toString();
    }

    private static void append(StringBuilder page, Section section, ArrayNode data) {
        page.append("<section>\n<h2>").append(SafeText.html(section.heading())).append("</h2>\n<dl>\n");
        section.facts()
                .forEach((label, text) -> page.append("<dt>")
                        .append(SafeText.html(label))
                        .append("</dt><dd>")
                        .append(SafeText.html(text))
                        .append("</dd>\n"));
        page.append("</dl>\n");
        for (Chart chart : section.charts()) {
            String id = String.format(Locale.ROOT, "chart-%d", data.size());
            page.append("<div class=\"canvas\"><canvas id=\"").append(id).append("\"></canvas></div>\n");
            ObjectNode json = data.addObject().put("id", id).put("x", chart.x()).put("y", chart.y());
            ArrayNode lines = json.putArray("lines");
            chart.lines().forEach((name, line) -> {
                ArrayNode points = lines.addObject().put("name", name).putArray("points");
                for (int i = 0; i < line.x().length; i++) {
                    ArrayNode point = points.addArray().add(line.x()[i]);
                    if (Double.isFinite(line.y()[i])) {
                        point.add(line.y()[i]);
                    } else {
                        point.addNull();
                    }
                }
            });
        }
        if (!section.table().isEmpty()) {
            page.append("<table>\n");
            for (int row = 0; row < section.table().size(); row++) {
                String cell = row == 0 ? "th" : "td";
                page.append("<tr>");
                for (String text : section.table().get(row)) {
                    page.append('<').append(cell).append('>').append(SafeText.html(text));
                    page.append("</").append(cell).append('>');
                }
                page.append("</tr>\n");
            }
            page.append("</table>\n");
        }
        page.append("</section>\n");
    }
}
