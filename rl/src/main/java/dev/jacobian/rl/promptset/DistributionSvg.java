// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.promptset;

import dev.jacobian.io.Printable;
import dev.jacobian.rl.report.SafeText;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Draws a distribution as bars, a row each: what is kept in colour, what is dropped pale. A plain file of shapes and text that follows
 * the reader's light or dark mode; its title and description say in words what it shows.
 */
final class DistributionSvg {
    private static final int WIDTH = 720;
    private static final int LEFT = 190;
    private static final int BAR = 400;
    private static final int STEP = 24;
    private static final int TOP = 70;
    private static final int MOST_BINS = 60;
    private static final int LONGEST_LABEL = 24;

    private static final Pattern NO_XML = Pattern.compile("[\uFFFE\uFFFF]");

    private DistributionSvg() {}

    static String of(Distribution distribution, String data) {
        List<Distribution.Bin> bins = shown(distribution);
        int most =
                Math.max(1, bins.stream().mapToInt(Distribution.Bin::rows).max().orElse(1));
        int height = TOP + STEP * bins.size() + 24;
        String words = distribution.rows() + " rows of " + data + ", of which " + distribution.kept() + " are kept";
        StringBuilder out = new StringBuilder();
        line(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\">", WIDTH, height);
        line(out, "<title>%s</title>", text(distribution.measure()));
        line(out, "<desc>%s</desc>", text(words));
        out.append("""
            <style>
            .page { fill: #ffffff; } .all { fill: #d5dcec; } .kept { fill: #2f5bd0; }
            text { font-family: system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; font-size: 12px; fill: #646a73; }
            .caption { font-size: 16px; font-weight: 600; fill: #1d2127; } .label { text-anchor: end; fill: #1d2127; }
            @media (prefers-color-scheme: dark) {
              .page { fill: #14161a; } .all { fill: #333b4d; } .kept { fill: #86a9ff; } text { fill: #9aa1ac; }
              .caption, .label { fill: #e7e9ed; }
            }
            </style>
            """);
        line(out, "<rect class=\"page\" width=\"%d\" height=\"%d\" rx=\"10\"/>", WIDTH, height);
        line(out, "<text class=\"caption\" x=\"24\" y=\"30\">%s</text>", text(distribution.measure()));
        line(out, "<text x=\"24\" y=\"50\">%s</text>", text(words));
        for (int i = 0; i < bins.size(); i++) {
            bar(out, bins.get(i), TOP + STEP * i, most);
        }
        line(out, "</svg>");
        return out.toString();
    }

    private static void bar(StringBuilder out, Distribution.Bin bin, int y, int most) {
        line(out, "<text class=\"label\" x=\"%d\" y=\"%d\">%s</text>", LEFT - 10, y + 13, text(shortened(bin.label())));
        line(
                out,
                "<rect class=\"all\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"17\"/>",
                LEFT,
                y,
                width(bin.rows(), most));
        line(
                out,
                "<rect class=\"kept\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"17\"/>",
                LEFT,
                y,
                width(bin.kept(), most));
        String count = bin.kept() == bin.rows() ? "" + bin.rows() : bin.kept() + " of " + bin.rows();
        line(out, "<text x=\"%.1f\" y=\"%d\">%s</text>", LEFT + width(bin.rows(), most) + 8, y + 13, count);
    }

    /** As XML: its few forbidden characters written out, for one of them in a tag would be no picture. */
    private static String text(String raw) {
        return SafeText.html(NO_XML.matcher(Printable.of(raw)).replaceAll("\uFFFD"));
    }

    private static double width(int rows, int most) {
        return (double) BAR * rows / most;
    }

    private static String shortened(String label) {
        int length = label.codePointCount(0, label.length());
        return length <= LONGEST_LABEL
                ? label
                : label.substring(0, label.offsetByCodePoints(0, LONGEST_LABEL - 1)) + "…";
    }

    /** All bins, or of very many the largest and the rest together. */
    private static List<Distribution.Bin> shown(Distribution distribution) {
        List<Distribution.Bin> bins = distribution.bins();
        if (bins.size() <= MOST_BINS) {
            return bins;
        }
        List<Distribution.Bin> bySize = bins.stream()
                .sorted(Comparator.comparing((Distribution.Bin bin) -> -bin.rows()))
                .toList();
        List<Distribution.Bin> shown = new ArrayList<>(bySize.subList(0, MOST_BINS - 1));
        List<Distribution.Bin> rest = bySize.subList(MOST_BINS - 1, bySize.size());
        shown.add(new Distribution.Bin(
                rest.size() + " others",
                rest.stream().mapToInt(Distribution.Bin::rows).sum(),
                rest.stream().mapToInt(Distribution.Bin::kept).sum()));
        return shown;
    }

    private static void line(StringBuilder out, String format, Object... values) {
        out.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
