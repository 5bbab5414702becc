// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.report;

import dev.jacobian.io.AtomicFiles;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Several pieces of work on one page, in order: what each was for, its figures, its curves, and texts to read.
 *
 * <p>Decisions: one file without script and without requests, whose policy forbids everything but its own style sheet; whatever models have
 * said is text. Curves of one name have one scale of values in all chapters, so that they can be compared by eye.
 */
public final class StoryPage {
    private static final String STYLE = """
        :root { color-scheme: light dark; --ink: #1d2127; --soft: #646a73; --line: #e8e7e3; --page: #ffffff; --card: #f7f7f5;
          --blue: #2f5bd0; --good: #0d7a4f; }
        @media (prefers-color-scheme: dark) {
          :root { --ink: #e7e9ed; --soft: #9aa1ac; --line: #2a2e36; --page: #14161a; --card: #1c1f25; --blue: #86a9ff; --good: #5fd6a0; }
        }
        body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: var(--ink); background: var(--page);
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; }
        h1 { font-size: 1.7rem; } h2 { font-size: 1.25rem; margin-top: 3rem; } h3 { font-size: 1rem; margin-bottom: .3rem; }
        p, figcaption, small { color: var(--soft); } a { color: var(--blue); }
        .scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
        th, td { padding: .3rem .8rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
        th:first-child { text-align: left; } .line { stroke: var(--line); } svg { max-width: 100%; }
        .charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); gap: 1rem; margin: 1rem 0; }
        figure { margin: 0; } figcaption { font-size: 13px; } svg text { fill: var(--soft); font-size: 11px; }
        polyline { fill: none; stroke: var(--blue); stroke-width: 1.8; stroke-linejoin: round; } circle { fill: var(--blue); }
        .texts { display: grid; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); gap: 1rem; }
        pre { margin: 0; padding: .7rem 1rem; max-height: 22rem; overflow: auto; background: var(--card); border-radius: 8px;
          font: 13px/1.45 ui-monospace, Menlo, Consolas, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
        .solved { border-left: 3px solid var(--good); }
        """;
    private static final int WIDTH = 360;
    private static final int HEIGHT = 150;
    private static final int LEFT = 48;
    private static final int BOTTOM = 22;
    private static final int MOST_TEXT = 4000;

    private StoryPage() {}

    /**
     * A piece of work.
     *
     * @param name its heading
     * @param purpose what it was for, in a sentence
     * @param figures what came of it, as it is shown, by name
     * @param curves by name
     * @param texts to read
     * @param link a page that says more, relative to this one
     */
    public record Chapter(
            String name,
            String purpose,
            Map<String, String> figures,
            Map<String, Points> curves,
            List<Text> texts,
            Optional<String> link) {}

    /**
     * A curve.
     *
     * @param x ascending
     * @param y one for each
     */
    public record Points(List<Integer> x, List<Double> y) {}

    /**
     * A text.
     *
     * @param when which of several times it is from
     * @param prompt what was asked
     * @param said what was said
     * @param note what came of it
     * @param solved whether it is good
     */
    public record Text(String when, String prompt, String said, String note, boolean solved) {}

    /**
     * A table over chapters.
     *
     * @param columns names of its columns
     * @param rows values by the row's name, one for each column, as they are shown
     */
    public record Table(List<String> columns, Map<String, List<String>> rows) {}

    /**
     * Writes the page.
     *
     * @param lead a sentence below the title
     * @param table the story in numbers
     */
    public static void write(Path file, String title, String lead, Table table, List<Chapter> chapters) {
        AtomicFiles.writeString(file, html(title, lead, table, chapters));
    }

    static String html(String title, String lead, Table table, List<Chapter> chapters) {
        StringBuilder page = new StringBuilder();
        page.append("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
                .append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none';")
                .append(" form-action 'none'; style-src ")
                .append(ReportPage.hash(STYLE))
                .append("\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>")
                .append(SafeText.html(title))
                .append(" · Jacobian</title>\n<style>")
                .append(STYLE)
                .append("</style>\n</head>\n<body>\n<h1>")
                .append(SafeText.html(title))
                .append("</h1>\n<p>")
                .append(SafeText.html(lead))
                .append("</p>\n");
        table(page, table);
        Map<String, double[]> scales = scales(chapters);
        chapters.forEach(chapter -> chapter(page, chapter, scales));
        return page.append("</body>\n</html>\n").toString();
    }

    private static void table(StringBuilder page, Table table) {
        if (table.rows().isEmpty()) {
            return;
        }
        page.append("<div class=\"scroll\"><table>\n<tr><th></th>");
        table.columns()
                .forEach(column ->
                        page.append("<th>").append(SafeText.html(column)).append("</th>"));
        page.append("</tr>\n");
        table.rows().forEach((name, values) -> {
            page.append("<tr><th>").append(SafeText.html(name)).append("</th>");
            values.forEach(
                    value -> page.append("<td>").append(SafeText.html(value)).append("</td>"));
            page.append("</tr>\n");
        });
        page.append("</table></div>\n");
    }

    private static void chapter(StringBuilder page, Chapter chapter, Map<String, double[]> scales) {
        page.append("<h2>")
                .append(SafeText.html(chapter.name()))
                .append("</h2>\n<p>")
                .append(SafeText.html(chapter.purpose()));
        chapter.link()
                .ifPresent(link ->
                        page.append(" <a href=\"").append(SafeText.html(link)).append("\">All of this run</a>"));
        page.append("</p>\n<div class=\"scroll\"><table>\n");
        chapter.figures()
                .forEach((name, value) -> page.append("<tr><th>")
                        .append(SafeText.html(name))
                        .append("</th><td>")
                        .append(SafeText.html(value))
                        .append("</td></tr>\n"));
        page.append("</table></div>\n<div class=\"charts\">\n");
        chapter.curves().forEach((name, points) -> chart(page, name, points, scales.getOrDefault(name, new double[2])));
        page.append("</div>\n");
        Map<String, StringBuilder> byTime = new LinkedHashMap<>();
        for (Text text : chapter.texts()) {
            text(byTime.computeIfAbsent(text.when(), when -> new StringBuilder()), text);
        }
        byTime.forEach((when, texts) -> page.append("<h3>")
                .append(SafeText.html(when))
                .append("</h3>\n<div class=\"texts\">\n")
                .append(texts)
                .append("</div>\n"));
    }

    private static void text(StringBuilder page, Text text) {
        page.append("<figure><pre")
                .append(text.solved() ? " class=\"solved\">" : ">")
                .append(SafeText.html(cut(text.prompt())))
                .append(SafeText.html(cut(text.said())))
                .append("</pre><figcaption>")
                .append(SafeText.html(text.note()))
                .append("</figcaption></figure>\n");
    }

    private static String cut(String text) {
        return text.length() <= MOST_TEXT ? text : text.substring(0, MOST_TEXT) + " …";
    }

    /** The least and the largest value of each curve over all chapters. */
    private static Map<String, double[]> scales(List<Chapter> chapters) {
        Map<String, double[]> scales = new LinkedHashMap<>();
        for (Chapter chapter : chapters) {
            chapter.curves().forEach((name, points) -> {
                double[] scale = scales.computeIfAbsent(
                        name, one -> new double[] {Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY});
                for (double value : points.y()) {
                    scale[0] = Math.min(scale[0], value);
                    scale[1] = Math.max(scale[1], value);
                }
            });
        }
        return scales;
    }

    private static void chart(StringBuilder page, String name, Points points, double[] scale) {
        double low = scale[0];
        double high = scale[1] > low ? scale[1] : low + 1;
        int first = points.x().getFirst();
        int last = Math.max(first + 1, points.x().getLast());
        StringBuilder line = new StringBuilder();
        Set<String> dots = new LinkedHashSet<>();
        for (int i = 0; i < points.x().size(); i++) {
            double x = LEFT + (WIDTH - LEFT - 8.0) * (points.x().get(i) - first) / (last - first);
            double y = 8 + (HEIGHT - BOTTOM - 8.0) * (high - points.y().get(i)) / (high - low);
            line.append(String.format(Locale.ROOT, "%.1f,%.1f ", x, y));
            dots.add(String.format(Locale.ROOT, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\"/>", x, y));
        }
        page.append("<figure><figcaption>").append(SafeText.html(name)).append("</figcaption>");
        page.append(String.format(
                Locale.ROOT,
                "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">",
                WIDTH,
                HEIGHT,
                SafeText.html(name)));
        for (double value : new double[] {low, high}) {
            double y = value == low ? HEIGHT - BOTTOM : 8;
            page.append(String.format(
                    Locale.ROOT,
                    "<line class=\"line\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/><text x=\"%d\" y=\"%.1f\""
                            + " text-anchor=\"end\">%.4g</text>",
                    LEFT,
                    WIDTH,
                    y,
                    y,
                    LEFT - 6,
                    y + 4,
                    value));
        }
        page.append(String.format(
                Locale.ROOT,
                "<text x=\"%d\" y=\"%d\">%d</text><text x=\"%d\" y=\"%d\" text-anchor=\"end\">step %d</text>",
                LEFT,
                HEIGHT - 6,
                first,
                WIDTH - 8,
                HEIGHT - 6,
                points.x().getLast()));
        if (dots.size() > 1) {
            page.append("<polyline points=\"").append(line).append("\"/>");
        } else {
            dots.forEach(page::append);
        }
        page.append("</svg></figure>\n");
    }
}
