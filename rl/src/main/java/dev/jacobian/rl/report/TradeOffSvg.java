// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.report;

import java.util.List;
import java.util.Locale;

/**
 * Accuracy against a price, as a picture: a mark for each setting with the interval of its accuracy, and a line through the marks of a series.
 *
 * <p>Decisions: the price is drawn by its logarithm, because it doubles from mark to mark; accuracy from 0 to 1. Plain SVG without script; a mark tells
 * its numbers when pointed at, and tables beside it repeat them.
 */
public final class TradeOffSvg {
    private static final int WIDTH = 720;
    private static final int HEIGHT = 360;
    private static final int LEFT = 56;
    private static final int RIGHT = 150;
    private static final int TOP = 16;
    private static final int BOTTOM = 44;
    private static final List<String> COLOURS =
            List.of("#2f5bd0", "#c2571a", "#1a8a5f", "#8a3fb0", "#b3273d", "#7a7a1d", "#2f8fb0");

    private TradeOffSvg() {}

    /**
     * Marks that belong together.
     *
     * @param name for the legend
     * @param marks from the cheapest on
     * @param joined whether a line goes through them
     */
    public record Series(String name, List<Mark> marks, boolean joined) {
        public Series {
            marks = List.copyOf(marks);
        }
    }

    /**
     * One setting.
     *
     * @param label what it is
     * @param price more than 0
     * @param accuracy in [0, 1]
     * @param low the lower end of its interval; NaN for none
     * @param high the upper end
     */
    public record Mark(String label, double price, double accuracy, double low, double high) {}

    /**
     * Draws.
     *
     * @param priced what the price is of, for the axis
     */
    public static String of(String priced, List<Series> series) {
        double least = Double.POSITIVE_INFINITY;
        double most = 0;
        for (Series one : series) {
            for (Mark mark : one.marks()) {
                if (mark.price() > 0) {
                    least = Math.min(least, mark.price());
                    most = Math.max(most, mark.price());
                }
            }
        }
        if (most == 0) {
            return "";
        }
        Scale scale = new Scale(Math.log(least / 1.15), Math.log(most * 1.15));
        StringBuilder svg = new StringBuilder();
        line(
                svg,
                "<svg viewBox=\"0 0 %d %d\" width=\"%d\" role=\"img\" aria-label=\"accuracy against %s\">",
                WIDTH,
                HEIGHT,
                WIDTH,
                SafeText.html(priced));
        axes(svg, scale, least, most, priced);
        for (int s = 0; s < series.size(); s++) {
            draw(svg, scale, series.get(s), COLOURS.get(s % COLOURS.size()), TOP + 8 + 20 * s);
        }
        return svg.append("</svg>\n").toString();
    }

    /** The logarithm of prices to places. */
    private record Scale(double low, double high) {
        double x(double price) {
            return LEFT + (WIDTH - LEFT - RIGHT) * (Math.log(price) - low) / (high - low);
        }

        static double y(double share) {
            return TOP + (HEIGHT - TOP - BOTTOM) * (1 - Math.clamp(share, 0.0, 1.0));
        }
    }

    private static void axes(StringBuilder svg, Scale scale, double least, double most, String priced) {
        for (int tick = 0; tick <= 4; tick++) {
            double y = Scale.y(tick / 4.0);
            line(
                    svg,
                    "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/><text x=\"%d\" y=\"%.1f\""
                            + " text-anchor=\"end\">%d %%</text>",
                    LEFT,
                    WIDTH - RIGHT,
                    y,
                    y,
                    LEFT - 8,
                    y + 4,
                    25 * tick);
        }
        double step = most / least > 64 ? 4 : most / least > 4 ? 2 : Math.sqrt(2);
        for (double price = least; price <= most * 1.01; price *= step) {
            line(
                    svg,
                    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>",
                    scale.x(price),
                    HEIGHT - BOTTOM + 18,
                    number(price));
        }
        line(
                svg,
                "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>",
                (LEFT + WIDTH - RIGHT) / 2,
                HEIGHT - 6,
                SafeText.html(priced));
    }

    private static void draw(StringBuilder svg, Scale scale, Series series, String colour, int legend) {
        StringBuilder path = new StringBuilder();
        for (Mark mark : series.marks()) {
            if (!(mark.price() > 0) || Double.isNaN(mark.accuracy())) {
                continue;
            }
            double x = scale.x(mark.price());
            path.append(String.format(
                    Locale.ROOT, "%s%.1f %.1f", path.isEmpty() ? "M" : " L", x, Scale.y(mark.accuracy())));
            if (Double.isFinite(mark.low())) {
                line(
                        svg,
                        "<line stroke=\"%s\" stroke-opacity=\".45\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>",
                        colour,
                        x,
                        x,
                        Scale.y(mark.low()),
                        Scale.y(mark.high()));
            }
            line(
                    svg,
                    "<circle fill=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"><title>%s: %.1f %% at %s</title></circle>",
                    colour,
                    x,
                    Scale.y(mark.accuracy()),
                    SafeText.html(series.name() + ", " + mark.label()),
                    100 * mark.accuracy(),
                    number(mark.price()));
        }
        if (series.joined() && !path.isEmpty()) {
            line(svg, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"2\" d=\"%s\"/>", colour, path);
        }
        line(
                svg,
                "<circle fill=\"%s\" cx=\"%d\" cy=\"%d\" r=\"4\"/><text x=\"%d\" y=\"%d\">%s</text>",
                colour,
                WIDTH - RIGHT + 16,
                legend,
                WIDTH - RIGHT + 26,
                legend + 4,
                SafeText.html(series.name()));
    }

    private static String number(double price) {
        return price >= 10
                ? "" + Math.round(price)
                : String.format(Locale.ROOT, "%.3g", price).replaceFirst("\\.?0+$", "");
    }

    private static void line(StringBuilder svg, String format, Object... values) {
        svg.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
