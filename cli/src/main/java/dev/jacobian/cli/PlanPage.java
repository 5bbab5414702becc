// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.cluster.plan.Advice;
import dev.jacobian.cluster.plan.Prediction;
import dev.jacobian.cluster.plan.Sweep;
import dev.jacobian.rl.report.FiguresPage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** A plan as a page of text, tables and charts; and the sentences that the terminal shows, too. */
final class PlanPage {
    private PlanPage() {}

    static FiguresPage of(PlanFigures figures, Prediction now, Sweep sweep, List<Advice> advice) {
        List<List<String>> inputs = new ArrayList<>(List.of(List.of("number", "value", "from")));
        figures.all().forEach(one -> inputs.add(List.of(one.name(), one.value(), one.source())));
        List<List<String>> changes = new ArrayList<>(List.of(List.of("change", "throughput", "but")));
        advice.forEach(one ->
                changes.add(List.of(one.change(), String.format(Locale.ROOT, "x %.2f", one.gain()), one.meaning())));
        Map<String, String> bends = new LinkedHashMap<>();
        sweep.lines().keySet().forEach(value -> bends.put("staleness " + value, bend(sweep, value)));
        return new FiguresPage(
                "Workers for a run",
                "A simulation of the loop from measured times; docs/cluster.md says what it leaves out.",
                List.of(
                        new FiguresPage.Section(
                                "Prediction", facts(now), changes.size() > 1 ? changes : List.of(), List.of()),
                        new FiguresPage.Section(
                                "By number of workers",
                                bends,
                                List.of(),
                                List.of(
                                        chart("samples a second", sweep, Prediction::samplesPerSecond),
                                        chart("part of time workers are idle", sweep, Prediction::workerIdle),
                                        chart("part of time the trainer is idle", sweep, Prediction::trainerIdle))),
                        new FiguresPage.Section("What it was computed from", Map.of(), inputs, List.of())));
    }

    private static FiguresPage.Chart chart(String name, Sweep sweep, ToDoubleFunction<Prediction> value) {
        double[] x = sweep.workers().stream().mapToDouble(StrictMath::log10).toArray();
        Map<String, FiguresPage.Line> lines = new LinkedHashMap<>();
        sweep.lines()
                .forEach((staleness, line) -> lines.put(
                        "max_staleness " + staleness,
                        new FiguresPage.Line(x, line.stream().mapToDouble(value).toArray())));
        return new FiguresPage.Chart("workers, power of ten", name, lines);
    }

    /** What a prediction says, by label. */
    static Map<String, String> facts(Prediction one) {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put(
                "workers",
                one.model().settings().workers() + " with max_staleness "
                        + one.model().settings().maxStaleness());
        facts.put(
                "throughput",
                PlanFigures.number(one.samplesPerSecond()) + " samples/s, " + PlanFigures.number(one.tokensPerSecond())
                        + " tokens/s, " + PlanFigures.number(one.stepsPerHour()) + " steps/h");
        facts.put(
                "a step",
                PlanFigures.number(one.stepSeconds()) + " s: weights " + PlanFigures.number(one.publishSeconds())
                        + " s, then samples " + PlanFigures.number(one.samplingSeconds()) + " s, then rewards "
                        + PlanFigures.number(one.rewardSeconds()) + " s, training "
                        + PlanFigures.number(one.trainSeconds()) + " s");
        facts.put(
                "idle",
                String.format(
                        Locale.ROOT,
                        "workers %.0f %%, trainer %.0f %%",
                        100 * one.workerIdle(),
                        100 * one.trainerIdle()));
        if (one.lostPerHour() > 0) {
            facts.put(
                    "lost workers",
                    PlanFigures.number(one.lostPerHour()) + " an hour, " + PlanFigures.number(100 * one.redoneShare())
                            + " % of tokens drawn for nothing");
        }
        return facts;
    }

    /** Where a line bends, in a sentence. */
    static String bend(Sweep sweep, int staleness) {
        Prediction bend = sweep.bend(staleness);
        int workers = bend.model().settings().workers();
        return String.format(
                Locale.ROOT,
                "max_staleness %d: %d %s %.0f %% of the most, %s samples/s",
                staleness,
                workers,
                workers == 1 ? "worker has at least" : "workers have at least",
                100 * Sweep.NEARLY_ALL,
                PlanFigures.number(bend.samplesPerSecond()));
    }
}
