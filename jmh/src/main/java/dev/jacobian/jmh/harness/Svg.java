// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.harness;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * A report as a bar chart: the ratio to the best peer, or without peers the share of the roofline, or else the score.
 *
 * <p>Decisions: bars lie, since cases have long names; a line marks 1, where both are equally fast; bars that end before it
 * have the other colour and every bar its figure, so that colour alone says nothing. Greys and hues are of medium lightness:
 * they are readable on a white and on a black page.
 */
final class Svg {
    private static final int BAR = 18;
    private static final int STEP = 26;
    private static final int LEFT = 250;
    private static final int WIDTH = 480;
    private static final int TOP = 56;

    private Svg() {}

    static String of(Report report) {
        List<Row> rows = report.rows();
        boolean ratios = rows.stream().anyMatch(row -> row.ratio().isPresent());
        boolean shares = !ratios && rows.stream().anyMatch(row -> row.roofline().isPresent());
        ToDoubleFunction<Row> value = ratios
                ? row -> row.ratio().orElse(0.0)
                : shares
                        ? row -> row.roofline().map(Row.Limit::share).orElse(0.0)
                        : row -> row.ours().median();
        String axis = ratios
                ? "times as fast as the best peer"
                : shares ? "share of the roofline" : report.suite().unit().text();
        double most = rows.stream().mapToDouble(value).max().orElse(1);
        double end = ratios || shares ? Math.max(1.25, most * 1.1) : most * 1.1;
        int height = TOP + STEP * rows.size() + 16;
        StringBuilder svg = new StringBuilder();
        svg.append(format(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\""
                        + " font-family=\"sans-serif\" font-size=\"13\" fill=\"#7d8590\" role=\"img\">%n",
                LEFT + WIDTH + 130, height, LEFT + WIDTH + 130, height));
        svg.append(format("<title>%s: %s</title>%n", escape(report.suite().name()), escape(axis)));
        svg.append(format(
                "<text x=\"8\" y=\"20\" font-size=\"16\" font-weight=\"bold\">%s</text>%n",
                escape(report.suite().name() + ", " + axis)));
        svg.append(format(
                "<text x=\"8\" y=\"40\">%s, %d %s</text>%n",
                escape(report.machine().processor()), report.threads(), report.threads() == 1 ? "thread" : "threads"));
        for (int i = 0; i < rows.size(); i++) {
            bar(svg, rows.get(i), value.applyAsDouble(rows.get(i)), end, TOP + STEP * i, ratios || shares, ratios);
        }
        if (ratios || shares) {
            double x = LEFT + WIDTH / end;
            svg.append(format(
                    "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#7d8590\" stroke-dasharray=\"4 3\"/>%n",
                    x, TOP - 6, x, height - 10));
        }
        return svg.append("</svg>\n").toString();
    }

    private static void bar(StringBuilder svg, Row row, double value, double end, int y, boolean fixed, boolean ratio) {
        double length = WIDTH * value / end;
        svg.append(format(
                "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>%n", LEFT - 8, y + 14, escape(row.label())));
        svg.append(format(
                "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\" fill=\"%s\"/>%n",
                LEFT, y, length, BAR, !ratio || value >= 1 ? "#3b82c4" : "#c9822b"));
        String peer = ratio ? row.best().map(best -> " " + best.name()).orElse("") : "";
        svg.append(format(
                "<text x=\"%.1f\" y=\"%d\">%s</text>%n",
                LEFT + length + 6, y + 14, (fixed ? Grid.fixed(value) : Grid.number(value)) + escape(peer)));
    }

    private static String format(String form, Object... arguments) {
        return String.format(Locale.ROOT, form.replace("%n", "\n"), arguments);
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
