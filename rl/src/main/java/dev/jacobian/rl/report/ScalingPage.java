// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.report;

import dev.jacobian.io.AtomicFiles;
import dev.jacobian.rl.scaling.ScalingCurve;
import dev.jacobian.rl.scaling.ScalingPoint;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** Test-time compute on one page: accuracy against tokens and against samples, drawn and as a table. */
public final class ScalingPage {
    private ScalingPage() {}

    /** What a model gains on a task. */
    public record Section(String model, String task, int problems, double confidence, List<ScalingCurve> curves) {
        public Section {
            curves = List.copyOf(curves);
        }
    }

    /** Writes the page. */
    public static void write(Path file, List<Section> sections) {
        AtomicFiles.writeString(file, html(sections));
    }

    static String html(List<Section> sections) {
        StringBuilder page = new StringBuilder(PlainPage.head("Test-time compute"));
        page.append(
                "<p>What more tokens gain while a model answers: votes, choices, longer and shorter thoughts.</p>\n");
        for (Section section : sections) {
            page.append("<h2>")
                    .append(SafeText.html(section.model() + " on " + section.task()))
                    .append(String.format(
                            Locale.ROOT,
                            "</h2>%n<p>%d problems; intervals contain the truth in %.4g %% of such measurements.</p>%n",
                            section.problems(),
                            100 * section.confidence()));
            page.append("<h3>Accuracy against tokens of a problem</h3>\n")
                    .append(TradeOffSvg.of("tokens of a problem", series(section, ScalingPoint::tokens)));
            page.append("<h3>Accuracy against samples</h3>\n")
                    .append(TradeOffSvg.of("samples or beams of a problem", series(section, ScalingPoint::samples)));
            table(page, section);
        }
        return page.append(PlainPage.END).toString();
    }

    private static List<TradeOffSvg.Series> series(Section section, ToDoubleFunction<ScalingPoint> price) {
        return section.curves().stream()
                .map(curve -> new TradeOffSvg.Series(
                        curve.name(),
                        curve.points().stream()
                                .map(point -> new TradeOffSvg.Mark(
                                        point.setting(),
                                        price.applyAsDouble(point),
                                        point.accuracy().value(),
                                        point.accuracy().low(),
                                        point.accuracy().high()))
                                .toList(),
                        true))
                .toList();
    }

    private static void table(StringBuilder page, Section section) {
        page.append("<div class=\"scroll\"><table>\n<tr><th>way</th><th>setting</th><th>samples</th><th>tokens</th>"
                + "<th>accuracy</th></tr>\n");
        for (ScalingCurve curve : section.curves()) {
            for (ScalingPoint point : curve.points()) {
                page.append(String.format(
                        Locale.ROOT,
                        "<tr><th title=\"%s\">%s</th><td>%s</td><td>%.4g</td><td>%.1f</td><td>%.4f<small>%.4f to"
                                + " %.4f</small></td></tr>%n",
                        SafeText.html(curve.about()),
                        SafeText.html(curve.name()),
                        SafeText.html(point.setting()),
                        point.samples(),
                        point.tokens(),
                        point.accuracy().value(),
                        point.accuracy().low(),
                        point.accuracy().high()));
            }
        }
        page.append("</table></div>\n");
    }
}
