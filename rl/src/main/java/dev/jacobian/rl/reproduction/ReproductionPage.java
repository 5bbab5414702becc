// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction;

import dev.jacobian.io.Json;
import dev.jacobian.rl.report.FiguresPage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** All claims that were measured on one page, each with its chart: curves are means over seeds. */
public final class ReproductionPage {
    private ReproductionPage() {}

    /** Writes the page. */
    public static void write(Path file, List<ClaimOutcome> outcomes) {
        long quick = outcomes.stream().filter(ClaimOutcome::isQuick).count();
        new FiguresPage(
                        "Reproductions",
                        "What papers say, measured at small scale. A verdict follows from a rule that was fixed in the"
                                + " code before anything was run; intervals are those of the mean over seeds (95 %,"
                                + " Student's t)."
                                + (quick == 0 ? "" : " Sizes for seconds show that everything runs, and nothing more."),
                        outcomes.stream().map(ReproductionPage::section).toList())
                .write(file);
    }

    private static FiguresPage.Section section(ClaimOutcome outcome) {
        ClaimFacts about = outcome.claim().about();
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("Verdict", outcome.verdict().words() + (outcome.isQuick() ? " (size for seconds)" : ""));
        facts.put("Claim", about.claim());
        facts.put("Source", about.source().paper() + ": " + about.source().number());
        facts.put("Experiment", about.experiment());
        facts.put("Settings", Json.compact(outcome.claim().settings()));
        facts.put("Rule", outcome.claim().rule().words());
        facts.put("A seed varies", outcome.claim().varies());
        facts.put("Tried", String.join(" ", about.tried()));
        facts.put("Measured", outcome.results().seeds().size() + " seeds, " + Figures.minutes(outcome.seconds()));
        List<List<String>> table = new ArrayList<>();
        table.add(List.of("figure", "mean [interval]"));
        outcome.results().intervals().forEach((name, estimate) -> table.add(List.of(name, Figures.spread(estimate))));
        Map<String, FiguresPage.Line> lines = new LinkedHashMap<>();
        for (String name : outcome.results().curves()) {
            Measured.Curve curve = outcome.results().curve(name);
            lines.put(name, new FiguresPage.Line(curve.x(), curve.y()));
        }
        String[] axes = about.axes().split(" → ", 2);
        return new FiguresPage.Section(
                about.id() + " · " + about.title(),
                facts,
                table,
                lines.isEmpty() ? List.of() : List.of(new FiguresPage.Chart(axes[0], axes[axes.length - 1], lines)));
    }
}
