// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.AtomicFiles;
import dev.jacobian.io.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Runs side by side on one page: what came of each, the settings in which they differ, and their curves, over steps and over time.
 *
 * <p>Decisions: one file without script and without requests, whose policy forbids everything but its own style sheet; whatever a run's
 * files say is text. A curve is drawn for metrics that at least one run has; one run's page of its own has the rest ({@link RunReport}).
 */
public final class RunsPage {
    private static final String STYLE = """
        :root { color-scheme: light dark; --ink: #1d2127; --soft: #646a73; --line: #e8e7e3; --page: #ffffff;
          --c0: #2f5bd0; --c1: #c2571a; --c2: #0b7f74; --c3: #8a3fb0; --c4: #a3122f; --c5: #5b6b1f; }
        @media (prefers-color-scheme: dark) {
          :root { --ink: #e7e9ed; --soft: #9aa1ac; --line: #2a2e36; --page: #14161a;
            --c0: #86a9ff; --c1: #ffab70; --c2: #4fd1c1; --c3: #d9a5f5; --c4: #ff8fa3; --c5: #c3d66b; }
        }
        body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: var(--ink); background: var(--page);
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; }
        h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; } p { color: var(--soft); }
        .scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
        th, td { padding: .35rem .8rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
        th:first-child { text-align: left; } .grid { stroke: var(--line); } svg { max-width: 100%; }
        .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(26rem, 1fr)); gap: 1rem; }
        figure { margin: 0; } figcaption { font-weight: 600; } text { fill: var(--soft); font-size: 11px; }
        polyline { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
        .c0 { stroke: var(--c0); color: var(--c0); } .c1 { stroke: var(--c1); color: var(--c1); } .c2 { stroke: var(--c2); color: var(--c2); }
        .c3 { stroke: var(--c3); color: var(--c3); } .c4 { stroke: var(--c4); color: var(--c4); } .c5 { stroke: var(--c5); color: var(--c5); }
        """;
    private static final int COLOURS = 6;
    private static final int WIDTH = 460;
    private static final int HEIGHT = 190;
    private static final int LEFT = 52;
    private static final int BOTTOM = 24;

    /** Metrics that are drawn, where a run has them. */
    private static final Map<String, String> CURVES = curves();

    private RunsPage() {}

    private static Map<String, String> curves() {
        Map<String, String> curves = new LinkedHashMap<>();
        curves.put("pass@1", "pass@1 on held-out problems");
        curves.put("reward", "mean reward");
        curves.put("loss", "loss");
        curves.put("eval_loss", "loss on held-out data");
        curves.put("completions/mean_length", "tokens of a completion");
        curves.put("entropy", "entropy");
        curves.put("grad_norm", "gradient norm");
        curves.put("step_time", "seconds of a step");
        curves.put("staleness/mean", "staleness of tokens");
        return curves;
    }

    /** A run and what it is called on the page. */
    private record Run(String name, RunLog log) {
        /** Seconds until the end of each step. */
        double[] clock() {
            double[] seconds = log.series("step_time");
            double sum = 0;
            for (int i = 0; i < seconds.length; i++) {
                sum += Double.isNaN(seconds[i]) ? 0 : seconds[i];
                seconds[i] = sum;
            }
            return seconds;
        }
    }

    /** Points of a curve, one after another. */
    private record Curve(int run, double[] x, double[] y) {}

    /**
     * Writes the page.
     *
     * @param folders of runs, at least one; two of one name are told apart by their whole paths
     * @throws dev.jacobian.io.FormatException if a run's files are broken; the message has file and line
     * @throws java.io.UncheckedIOException if there is no such folder
     */
    public static void write(Path file, List<Path> folders) {
        AtomicFiles.writeString(file, html(folders));
    }

    static String html(List<Path> folders) {
        List<Run> runs = new ArrayList<>();
        for (Path folder : folders) {
            String name = name(folder);
            boolean same =
                    folders.stream().filter(other -> name(other).equals(name)).count() > 1;
            runs.add(new Run(same ? folder.toString() : name, RunLog.read(folder)));
        }
        StringBuilder page = new StringBuilder();
        page.append("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
                .append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none';")
                .append(" form-action 'none'; style-src ")
                .append(ReportPage.hash(STYLE))
                .append("\">\n<meta name=\"viewport\" content=\"width=device-width\">\n")
                .append("<title>Runs · Jacobian</title>\n<style>")
                .append(STYLE)
                .append("</style>\n</head>\n<body>\n<h1>Runs</h1>\n");
        results(page, runs);
        settings(page, runs);
        page.append("<h2>Over steps</h2>\n<div class=\"charts\">\n");
        CURVES.forEach((metric, title) -> chart(page, title, "step", curves(runs, metric, false)));
        page.append("</div>\n<h2>Over seconds</h2>\n<div class=\"charts\">\n");
        for (String metric : List.of("pass@1", "reward", "loss")) {
            chart(page, CURVES.getOrDefault(metric, metric), "seconds", curves(runs, metric, true));
        }
        return page.append("</div>\n</body>\n</html>\n").toString();
    }

    private static String name(Path folder) {
        Path name = folder.toAbsolutePath().normalize().getFileName();
        return name == null ? folder.toString() : name.toString();
    }

    private static void results(StringBuilder page, List<Run> runs) {
        page.append("<div class=\"scroll\"><table>\n<tr><th>run</th><th>what</th><th>model</th><th>steps</th>")
                .append("<th>seconds</th><th>pass@1 before</th><th>after</th><th>reward, last tenth</th></tr>\n");
        for (int r = 0; r < runs.size(); r++) {
            RunLog log = runs.get(r).log();
            page.append("<tr><th class=\"c")
                    .append(r % COLOURS)
                    .append("\">")
                    .append(SafeText.html(runs.get(r).name()));
            page.append("</th>");
            cell(page, log.what());
            cell(page, log.model());
            cell(
                    page,
                    log.steps().isEmpty()
                            ? ""
                            : String.valueOf(log.steps().lastEntry().getKey()));
            cell(page, log.fact("seconds").map(node -> number(node.asDouble())).orElse(""));
            cell(
                    page,
                    log.fact("pass@1_before")
                            .map(node -> number(node.asDouble()))
                            .orElse(""));
            cell(
                    page,
                    log.fact("pass@1_after")
                            .map(node -> number(node.asDouble()))
                            .orElse(""));
            cell(page, lastTenth(log.series("reward")));
            page.append("</tr>\n");
        }
        page.append("</table></div>\n");
    }

    private static String lastTenth(double[] values) {
        double sum = 0;
        int count = 0;
        for (int i = values.length - Math.max(1, values.length / 10); i >= 0 && i < values.length; i++) {
            if (!Double.isNaN(values[i])) {
                sum += values[i];
                count++;
            }
        }
        return count == 0 ? "" : number(sum / count);
    }

    /** The settings that are not the same in all runs. */
    private static void settings(StringBuilder page, List<Run> runs) {
        Set<String> keys = new LinkedHashSet<>();
        List<ObjectNode> configs = runs.stream()
                .map(run -> run.log().run().path("config") instanceof ObjectNode config ? config : Json.object())
                .toList();
        configs.forEach(config -> config.fieldNames().forEachRemaining(keys::add));
        keys.removeIf(key ->
                configs.stream().map(config -> config.path(key)).distinct().count() == 1);
        if (keys.isEmpty()) {
            return;
        }
        page.append("<h2>Settings that differ</h2>\n<div class=\"scroll\"><table>\n<tr><th>setting</th>");
        for (int r = 0; r < runs.size(); r++) {
            page.append("<th class=\"c")
                    .append(r % COLOURS)
                    .append("\">")
                    .append(SafeText.html(runs.get(r).name()));
            page.append("</th>");
        }
        page.append("</tr>\n");
        for (String key : keys) {
            page.append("<tr><th>").append(SafeText.html(key)).append("</th>");
            for (ObjectNode config : configs) {
                JsonNode value = config.path(key);
                cell(page, value.isMissingNode() ? "" : value.isTextual() ? value.asText() : Json.compact(value));
            }
            page.append("</tr>\n");
        }
        page.append("</table></div>\n");
    }

    private static void cell(StringBuilder page, String text) {
        page.append("<td>").append(SafeText.html(text)).append("</td>");
    }

    private static List<Curve> curves(List<Run> runs, String metric, boolean overTime) {
        List<Curve> curves = new ArrayList<>();
        for (int r = 0; r < runs.size(); r++) {
            RunLog log = runs.get(r).log();
            double[] y = log.series(metric);
            double[] x = overTime
                    ? runs.get(r).clock()
                    : log.steps().keySet().stream()
                            .mapToDouble(Integer::doubleValue)
                            .toArray();
            curves.add(new Curve(r, x, y));
        }
        return curves;
    }

    private static void chart(StringBuilder page, String title, String unit, List<Curve> curves) {
        double low = Double.POSITIVE_INFINITY;
        double high = Double.NEGATIVE_INFINITY;
        double last = 0;
        for (Curve curve : curves) {
            for (int i = 0; i < curve.y.length; i++) {
                if (Double.isFinite(curve.y[i])) {
                    low = Math.min(low, curve.y[i]);
                    high = Math.max(high, curve.y[i]);
                    last = Math.max(last, curve.x[i]);
                }
            }
        }
        if (low > high || last == 0) {
            return; // nobody has measured it
        }
        double span = high > low ? high - low : Math.max(1e-9, Math.abs(high));
        line(page, "<figure><figcaption>%s</figcaption>", SafeText.html(title));
        line(page, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">", WIDTH, HEIGHT, SafeText.html(title));
        for (int tick = 0; tick <= 4; tick++) {
            double y = y(tick / 4.0);
            line(page, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>", LEFT, WIDTH, y, y);
            line(
                    page,
                    "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>",
                    LEFT - 6,
                    y + 4,
                    number(low + span * tick / 4));
        }
        line(page, "<text x=\"%d\" y=\"%d\">0</text>", LEFT, HEIGHT - 6);
        line(page, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s %s</text>", WIDTH, HEIGHT - 6, unit, number(last));
        for (Curve curve : curves) {
            page.append("<polyline class=\"c").append(curve.run % COLOURS).append("\" points=\"");
            for (int i = 0; i < curve.y.length; i++) {
                if (Double.isFinite(curve.y[i])) {
                    page.append(String.format(
                            Locale.ROOT,
                            "%.1f,%.1f ",
                            LEFT + (WIDTH - LEFT) * curve.x[i] / last,
                            y((curve.y[i] - low) / span)));
                }
            }
            page.append("\"/>\n");
        }
        page.append("</svg></figure>\n");
    }

    private static double y(double share) {
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - 8) * share;
    }

    private static String number(double value) {
        double size = Math.abs(value);
        String format = size >= 100 ? "%.0f" : size >= 1 ? "%.2f" : size >= 1e-3 || size == 0 ? "%.4f" : "%.1e";
        return String.format(Locale.ROOT, format, value);
    }

    private static void line(StringBuilder page, String format, Object... values) {
        page.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
