// SPDX-License-Identifier: Apache-2.0

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.AtomicFiles;
import dev.jacobian.io.Json;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Draws what {@code jmh/bench long-context} measured as lines, time per token against length, both in powers:
 *
 * <pre>
 * java -p "$(./jacobian --module-path)" --add-modules dev.jacobian.io scripts/LongContextFigure.java \
 *     docs/performance/results/long-context.json docs/images/long-context.svg
 * </pre>
 */
class LongContextFigure {
    private static final Map<String, String> COLOURS =
            Map.of("full", "#1f6feb", "window", "#1a7f37", "q8_0", "#bf8700");
    private static final Map<String, String> NAMES =
            Map.of("full", "all keys", "window", "a window of 1,024", "q8_0", "all keys, 8 bits");
    private static final List<String> CAPTIONS = List.of("decode", "prefill", "train");
    private static final int LEFT = 60;
    private static final int PANEL = 260;
    private static final int GAP = 30;
    private static final int TOP = 50;
    private static final int HEIGHT = 230;
    private static final double FIRST = 10; // 2^10 tokens
    private static final double LAST = 17;
    private static final double LOW = 1; // 10 µs
    private static final double HIGH = 5;

    void main(String[] args) {
        Map<String, NavigableMap<Integer, Double>> lines = new TreeMap<>(); // by "decode full"
        for (JsonNode one : Json.read(Path.of(args[0]))) {
            String[] words = one.get("case").textValue().split(" ");
            lines.computeIfAbsent(words[0] + " " + words[1], _ -> new TreeMap<>())
                    .put(Integer.parseInt(words[2]), one.get("score").doubleValue());
        }
        StringBuilder svg = new StringBuilder("""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 940 340" role="img">
            <title>Microseconds per token against the length of the context</title>
            <style>
            .page { fill: #ffffff; } .axis { stroke: #e8e7e3; } .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
            text { font-family: system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; font-size: 12px; fill: #646a73; }
            .caption { font-size: 15px; font-weight: 600; fill: #1d2127; }
            </style>
            <rect class="page" width="940" height="340"/>
            """);
        for (int panel = 0; panel < CAPTIONS.size(); panel++) {
            int left = LEFT + panel * (PANEL + GAP);
            String kind = CAPTIONS.get(panel);
            axes(svg, left, panel == 0, kind);
            lines.forEach((name, points) -> {
                if (name.startsWith(kind + " ")) {
                    line(svg, left, COLOURS.get(name.substring(kind.length() + 1)), points);
                }
            });
        }
        int x = LEFT;
        for (String cache : List.of("full", "window", "q8_0")) {
            add(svg, "<rect x=\"%d\" y=\"318\" width=\"14\" height=\"4\" fill=\"%s\"/>", x, COLOURS.get(cache));
            add(svg, "<text x=\"%d\" y=\"324\">%s</text>\n", x + 20, NAMES.get(cache));
            x += 170;
        }
        AtomicFiles.writeString(Path.of(args[1]), svg.append("</svg>\n").toString());
    }

    private static void add(StringBuilder svg, String form, Object... values) {
        svg.append(String.format(Locale.ROOT, form, values));
    }

    private static void axes(StringBuilder svg, int left, boolean labelled, String kind) {
        String what = kind.equals("train") ? "train: tokens of the sequence" : kind + ": tokens before";
        add(svg, "<text class=\"caption\" x=\"%d\" y=\"30\">%s</text>\n", left, what);
        for (double power = LOW; power <= HIGH; power++) {
            double y = y(power);
            add(svg, "<line class=\"axis\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>\n", left, y, left + PANEL, y);
            if (labelled) {
                List<String> times = List.of("10 µs", "100 µs", "1 ms", "10 ms", "100 ms");
                add(svg, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", left - 6, y + 4, times.get((int)
                        (power - LOW)));
            }
        }
        for (int power = (int) FIRST; power <= LAST; power++) {
            double x = x(left, power);
            add(svg, "<line class=\"axis\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>", x, TOP, x, TOP + HEIGHT);
            add(
                    svg,
                    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%dk</text>\n",
                    x,
                    TOP + HEIGHT + 18,
                    1 << power - 10);
        }
    }

    private static void line(StringBuilder svg, int left, String colour, NavigableMap<Integer, Double> points) {
        svg.append("<polyline class=\"line\" stroke=\"").append(colour).append("\" points=\"");
        points.forEach((length, micros) ->
                add(svg, "%.1f,%.1f ", x(left, Math.log(length) / Math.log(2)), y(Math.log10(micros))));
        svg.append("\"/>\n");
    }

    private static double x(int left, double power) {
        return left + PANEL * (power - FIRST) / (LAST - FIRST);
    }

    private static double y(double power) {
        return TOP + HEIGHT * (HIGH - power) / (HIGH - LOW);
    }
}
