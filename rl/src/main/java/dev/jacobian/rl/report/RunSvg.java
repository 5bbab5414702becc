// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.report;

import dev.jacobian.io.AtomicFiles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Draws pass@1 and reward of a run over its steps as one SVG picture, for a README or a paper.
 *
 * <p>The picture is a plain file of lines and text: no script, no fonts, no links. It follows the reader's light or dark
 * mode, and its title and description say in words what it shows. Interactive charts of everything are in {@link
 * RunReport}'s page.
 */
public final class RunSvg {
    private static final int WIDTH = 880;
    private static final int HEIGHT = 330;
    private static final int PANEL = 390;

    private RunSvg() {}

    /**
     * Draws a run directory's {@code metrics.jsonl} (and {@code run.json} for the caption).
     *
     * @param runDirectory as for {@link RunReport#write}
     * @param svg file to create or replace
     */
    public static void write(Path runDirectory, Path svg) {
        AtomicFiles.writeString(svg, svg(RunLog.read(runDirectory)));
    }

    static String svg(RunLog log) {
        List<Point> heldOut = points(log, RunLog.HELD_OUT);
        List<Point> reward = points(log, "reward");
        int last =
                log.steps().isEmpty() ? 1 : Math.max(1, log.steps().lastEntry().getKey());
        String caption = caption(log);
        String words = heldOut.size() < 2
                ? "Training run of " + last + " steps."
                : "Over " + last + " training steps, pass@1 on held-out problems goes from "
                        + percent(heldOut.getFirst().value()) + " to "
                        + percent(heldOut.getLast().value()) + ".";

        StringBuilder out = new StringBuilder();
        line(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\">", WIDTH, HEIGHT);
        line(out, "<title>%s</title>", SafeText.html(caption));
        line(out, "<desc>%s</desc>", SafeText.html(words));
        out.append("""
            <style>
            .page { fill: #ffffff; } .grid { stroke: #e8e7e3; } .axis { stroke: #c9c8c3; }
            text { font-family: system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; font-size: 12px; fill: #646a73; }
            .caption { font-size: 16px; font-weight: 600; fill: #1d2127; } .name { font-size: 13px; font-weight: 600; fill: #1d2127; }
            .raw, .line { fill: none; stroke-linejoin: round; stroke-linecap: round; } .raw { stroke-width: 1; opacity: .3; } .line { stroke-width: 2.4; }
            .blue { stroke: #2f5bd0; } .teal { stroke: #0b7f74; } .dot { fill: #2f5bd0; stroke: #ffffff; stroke-width: 1.5; }
            .result { font-size: 13px; font-weight: 600; fill: #2f5bd0; }
            @media (prefers-color-scheme: dark) {
              .page { fill: #14161a; } .grid { stroke: #2a2e36; } .axis { stroke: #444a54; } text { fill: #9aa1ac; }
              .caption, .name { fill: #e7e9ed; } .blue { stroke: #86a9ff; } .teal { stroke: #4fd1c1; }
              .dot { fill: #86a9ff; stroke: #14161a; } .result { fill: #86a9ff; }
            }
            </style>
            """);
        line(out, "<rect class=\"page\" width=\"%d\" height=\"%d\" rx=\"10\"/>", WIDTH, HEIGHT);
        line(out, "<text class=\"caption\" x=\"24\" y=\"32\">%s</text>", SafeText.html(caption));

        Panel left = new Panel(24, Axis.of(heldOut, true), last);
        left.frame(out, "pass@1 on held-out problems");
        left.polyline(out, "line blue", heldOut);
        left.dots(out, heldOut);

        Panel right = new Panel(24 + PANEL + 52, Axis.of(reward, false), last);
        right.frame(out, "mean reward");
        right.polyline(out, "raw teal", reward);
        right.polyline(out, "line teal", smooth(reward));
        line(out, "</svg>");
        return out.toString();
    }

    private static String caption(RunLog log) {
        String what = log.what().isEmpty() ? "Training run" : log.what();
        return log.model().isEmpty() ? what : what + ", " + log.model();
    }

    private static List<Point> points(RunLog log, String metric) {
        List<Point> points = new ArrayList<>();
        log.steps().forEach((step, line) -> {
            if (line.path(metric).isNumber()) {
                points.add(new Point(step, line.get(metric).doubleValue()));
            }
        });
        return points;
    }

    /** Centred Gaussian smoothing, as on the page. */
    private static List<Point> smooth(List<Point> points) {
        if (points.size() < 12) {
            return points;
        }
        double width = Math.max(1, points.size() / 40.0);
        int reach = (int) Math.ceil(3 * width);
        List<Point> out = new ArrayList<>();
        for (int i = 0; i < points.size(); i++) {
            double sum = 0;
            double weights = 0;
            for (int j = Math.max(0, i - reach); j <= Math.min(points.size() - 1, i + reach); j++) {
                double weight = Math.exp(-(i - j) * (i - j) / (2 * width * width));
                sum += weight * points.get(j).value();
                weights += weight;
            }
            out.add(new Point(points.get(i).step(), sum / weights));
        }
        return out;
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * share);
    }

    private static void line(StringBuilder out, String format, Object... values) {
        out.append(String.format(Locale.ROOT, format, values)).append('\n');
    }

    private record Point(int step, double value) {}

    /** A value axis from {@code low} to {@code high} with a tick at every multiple of {@code tick}. */
    private record Axis(double low, double high, double tick, boolean percent) {
        static Axis of(List<Point> points, boolean percent) {
            double low = points.stream().mapToDouble(Point::value).min().orElse(0);
            double high = points.stream().mapToDouble(Point::value).max().orElse(1);
            if (percent || (low >= 0 && low < high / 2)) {
                low = 0; // shares are always shown whole, others if they come near
            }
            double span = high - low > 0 ? high - low : Math.max(Math.abs(high), 1e-3);
            double power = Math.pow(10, Math.floor(Math.log10(span / 4)));
            double tick = power;
            for (double factor : new double[] {1, 2, 2.5, 5, 10}) {
                tick = power * factor;
                if (span / tick <= 5) {
                    break;
                }
            }
            return new Axis(Math.floor(low / tick) * tick, Math.ceil((low + span) / tick) * tick, tick, percent);
        }

        String label(double value) {
            String digits = String.format(Locale.ROOT, "%.6f", percent ? 100 * value : value);
            digits = digits.contains(".") ? digits.replaceAll("0+$", "").replaceAll("\\.$", "") : digits;
            return (digits.equals("-0") ? "0" : digits) + (percent ? "%" : "");
        }
    }

    /** One chart of the picture, with its left edge at {@code left}; it spans steps 0 to {@code lastStep}. */
    private record Panel(double left, Axis axis, int lastStep) {
        private static final double TOP = 80;
        private static final double BOTTOM = 280;
        private static final double GUTTER = 44;

        double x(double step) {
            return left + GUTTER + (PANEL - GUTTER) * step / lastStep;
        }

        double y(double value) {
            return BOTTOM - (BOTTOM - TOP) * (value - axis.low()) / (axis.high() - axis.low());
        }

        void frame(StringBuilder out, String name) {
            line(out, "<text class=\"name\" x=\"%.1f\" y=\"62\">%s</text>", left, name);
            long ticks = Math.round((axis.high() - axis.low()) / axis.tick());
            for (long i = 0; i <= ticks; i++) {
                double value = axis.low() + i * axis.tick();
                line(
                        out,
                        "<line class=\"%s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>",
                        i == 0 ? "axis" : "grid",
                        x(0),
                        x(lastStep),
                        y(value),
                        y(value));
                line(
                        out,
                        "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>",
                        x(0) - 8,
                        y(value) + 4,
                        axis.label(value));
            }
            int quarter = Math.max(1, lastStep / 4);
            for (int step = 0; step <= lastStep - quarter / 2; step += quarter) {
                stepLabel(out, step);
            }
            stepLabel(out, lastStep);
            line(
                    out,
                    "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">training step</text>",
                    (x(0) + x(lastStep)) / 2,
                    BOTTOM + 38);
        }

        private void stepLabel(StringBuilder out, int step) {
            line(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%d</text>", x(step), BOTTOM + 18, step);
        }

        void polyline(StringBuilder out, String style, List<Point> points) {
            if (points.size() > 1) {
                out.append("<polyline class=\"").append(style).append("\" points=\"");
                for (Point point : points) {
                    out.append(String.format(Locale.ROOT, "%.1f,%.1f ", x(point.step()), y(point.value())));
                }
                out.append("\"/>\n");
            }
        }

        void dots(StringBuilder out, List<Point> points) {
            for (Point point : points) {
                line(
                        out,
                        "<circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"%s\"/>",
                        x(point.step()),
                        y(point.value()),
                        points.size() > 40 ? "2" : "4");
            }
            if (points.size() > 1) {
                boolean rises = points.get(1).value() > points.get(0).value();
                label(out, points.getFirst(), "start", rises ? 22 : -12); // where the curve does not go
            }
            if (!points.isEmpty()) {
                label(out, points.getLast(), "end", -12);
            }
        }

        private void label(StringBuilder out, Point point, String anchor, int rise) {
            line(
                    out,
                    "<text class=\"result\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>",
                    x(point.step()),
                    y(point.value()) + rise,
                    anchor,
                    percent(point.value()));
        }
    }
}
