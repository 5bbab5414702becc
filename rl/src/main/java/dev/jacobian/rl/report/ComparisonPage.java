// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.report;

import dev.jacobian.io.AtomicFiles;
import dev.jacobian.rl.evaluation.Estimate;
import dev.jacobian.rl.evaluation.SavedEvaluation;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Models side by side on one page: for each task a table of all metrics with their confidence intervals, pass@1 as a picture, and how far each
 * model is ahead of the first one on the problems that both tried.
 *
 * <p>Decisions: one file without script and without requests, whose policy forbids everything but its own style sheet. All numbers are
 * readable as text; the picture repeats them.
 */
public final class ComparisonPage {
    private static final int WIDTH = 720;
    private static final int LABEL = 220;
    private static final int ROW = 26;

    private ComparisonPage() {}

    /**
     * Writes the page.
     *
     * @param evaluations of several models and tasks; the first model is what others are compared with
     */
    public static void write(Path file, List<SavedEvaluation> evaluations) {
        AtomicFiles.writeString(file, html(evaluations));
    }

    static String html(List<SavedEvaluation> evaluations) {
        StringBuilder page = new StringBuilder(PlainPage.head("Evaluation"));
        Set<String> tasks = new LinkedHashSet<>();
        evaluations.forEach(one -> tasks.add(one.task()));
        for (String task : tasks) {
            List<SavedEvaluation> models =
                    evaluations.stream().filter(one -> one.task().equals(task)).toList();
            task(page, task, models);
        }
        return page.append(PlainPage.END).toString();
    }

    private static void task(StringBuilder page, String task, List<SavedEvaluation> models) {
        SavedEvaluation first = models.getFirst();
        page.append("<h2>").append(SafeText.html(task)).append("</h2>\n<p>");
        page.append(String.format(
                Locale.ROOT,
                "%d problems, %d samples each. Intervals contain the truth in %.4g %% of such measurements; problems"
                        + " are what is drawn at random.</p>%n",
                first.solved().size(),
                first.samples(),
                100 * first.confidence()));
        picture(page, models);
        Set<String> names = new LinkedHashSet<>();
        models.forEach(model -> names.addAll(model.metrics().keySet()));
        page.append("<div class=\"scroll\"><table>\n<tr><th>model</th>");
        names.forEach(name -> page.append("<th>").append(SafeText.html(name)).append("</th>"));
        page.append(models.size() > 1 ? "<th>ahead of the first</th></tr>\n" : "</tr>\n");
        for (SavedEvaluation model : models) {
            page.append("<tr><th>").append(SafeText.html(model.model())).append("</th>");
            for (String name : names) {
                cell(page, Optional.ofNullable(model.metrics().get(name)), false);
            }
            if (models.size() > 1) {
                cell(page, model == first ? Optional.empty() : model.ahead(first), true);
            }
            page.append("</tr>\n");
        }
        page.append("</table></div>\n");
    }

    private static void cell(StringBuilder page, Optional<Estimate> estimate, boolean signed) {
        String format = signed ? "%+.4f" : "%.4f";
        page.append("<td>");
        estimate.filter(one -> Double.isFinite(one.value())).ifPresent(one -> {
            page.append(String.format(Locale.ROOT, format, one.value()));
            if (Double.isFinite(one.low())) {
                page.append(String.format(
                        Locale.ROOT, "<small>" + format + " to " + format + "</small>", one.low(), one.high()));
            }
        });
        page.append("</td>");
    }

    /** pass@1 of each model on a scale from 0 to 1, with its interval. */
    private static void picture(StringBuilder page, List<SavedEvaluation> models) {
        int height = ROW * models.size() + 30;
        line(
                page,
                "<svg viewBox=\"0 0 %d %d\" width=\"%d\" role=\"img\" aria-label=\"pass@1 of each model\">",
                WIDTH,
                height,
                WIDTH);
        for (int tick = 0; tick <= 4; tick++) {
            line(
                    page,
                    "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"0\" y2=\"%d\"/><text x=\"%.1f\" y=\"%d\""
                            + " text-anchor=\"middle\">%d %%</text>",
                    x(tick / 4.0),
                    x(tick / 4.0),
                    height - 24,
                    x(tick / 4.0),
                    height - 6,
                    25 * tick);
        }
        for (int m = 0; m < models.size(); m++) {
            Estimate passed = models.get(m).metrics().get("pass@1");
            double y = ROW * m + 16;
            String name = models.get(m).model();
            String shown = name.length() > 30 ? "…" + name.substring(name.length() - 29) : name;
            line(page, "<text x=\"0\" y=\"%.1f\">%s</text>", y + 4, SafeText.html(shown));
            if (passed != null && Double.isFinite(passed.low())) {
                line(
                        page,
                        "<line class=\"bar\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>",
                        x(passed.low()),
                        x(passed.high()),
                        y,
                        y);
                line(page, "<circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>", x(passed.value()), y);
            }
        }
        page.append("</svg>\n");
    }

    private static double x(double share) {
        return LABEL + (WIDTH - LABEL - 30) * Math.clamp(share, 0.0, 1.0);
    }

    private static void line(StringBuilder page, String format, Object... values) {
        page.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
