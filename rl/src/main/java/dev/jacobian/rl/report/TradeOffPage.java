// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.report;

import dev.jacobian.io.AtomicFiles;
import dev.jacobian.rl.evaluation.Estimate;
import dev.jacobian.rl.evaluation.SavedEvaluation;
import dev.jacobian.tensor.Nullable;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Models on one page by what they can and what they say for it: pass@1 against tokens, drawn and as a table. */
public final class TradeOffPage {
    private TradeOffPage() {}

    /**
     * Writes the page.
     *
     * @param conclusion a sentence under the heading
     * @param models measured on one task
     */
    public static void write(Path file, String title, String conclusion, List<SavedEvaluation> models) {
        AtomicFiles.writeString(file, html(title, conclusion, models));
    }

    static String html(String title, String conclusion, List<SavedEvaluation> models) {
        StringBuilder page = new StringBuilder(PlainPage.head(title));
        SavedEvaluation first = models.getFirst();
        page.append("<p>").append(SafeText.html(conclusion)).append(".</p>\n");
        page.append(String.format(
                Locale.ROOT,
                "<p>%s, %d problems, %d samples each; intervals contain the truth in %.4g %% of such"
                        + " measurements.</p>%n",
                SafeText.html(first.task()),
                first.solved().size(),
                first.samples(),
                100 * first.confidence()));
        page.append("<h2>pass@1 against tokens</h2>\n")
                .append(TradeOffSvg.of(
                        "mean tokens of a completion",
                        models.stream().map(TradeOffPage::series).toList()));
        page.append("<div class=\"scroll\"><table>\n<tr><th>model</th><th>pass@1</th><th>tokens</th><th>ahead of "
                + SafeText.html(first.model()) + "</th></tr>\n");
        for (SavedEvaluation model : models) {
            page.append("<tr><th>").append(SafeText.html(model.model())).append("</th>");
            cell(page, model.metrics().get("pass@1"), "%.4f");
            cell(page, model.metrics().get("mean_length"), "%.1f");
            if (model == first) {
                page.append("<td></td>");
            } else {
                cell(page, model.ahead(first).orElse(null), "%+.4f");
            }
            page.append("</tr>\n");
        }
        return page.append("</table></div>\n").append(PlainPage.END).toString();
    }

    private static TradeOffSvg.Series series(SavedEvaluation model) {
        Estimate passed = model.metrics().get("pass@1");
        Estimate tokens = model.metrics().get("mean_length");
        List<TradeOffSvg.Mark> marks = passed == null || tokens == null
                ? List.of()
                : List.of(new TradeOffSvg.Mark("pass@1", tokens.value(), passed.value(), passed.low(), passed.high()));
        return new TradeOffSvg.Series(model.model(), marks, false);
    }

    private static void cell(StringBuilder page, @Nullable Estimate estimate, String format) {
        page.append("<td>");
        if (estimate != null && Double.isFinite(estimate.value())) {
            page.append(String.format(Locale.ROOT, format, estimate.value()));
            if (Double.isFinite(estimate.low())) {
                page.append(String.format(
                        Locale.ROOT,
                        "<small>" + format + " to " + format + "</small>",
                        estimate.low(),
                        estimate.high()));
            }
        }
        page.append("</td>");
    }
}
