// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction;

import dev.jacobian.io.AtomicFiles;
import dev.jacobian.io.Json;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The document of all claims: a table, then each with its setting, its figures and what was tried. What was not measured in full is listed
 * as that; the size for seconds is never published.
 */
public final class ReproductionTable {
    private ReproductionTable() {}

    /**
     * Writes the document.
     *
     * @param recorded what is there of a claim in its full size
     */
    public static void write(
            Path file, List<Experiment> experiments, Function<Experiment, Optional<ClaimOutcome>> recorded) {
        AtomicFiles.writeString(file, markdown(experiments, recorded));
    }

    static String markdown(List<Experiment> experiments, Function<Experiment, Optional<ClaimOutcome>> all) {
        Function<Experiment, Optional<ClaimOutcome>> recorded = experiment -> all.apply(experiment)
                .filter(outcome -> outcome.results().seeds().size() >= Results.LEAST_SEEDS);
        StringBuilder text = new StringBuilder();
        text.append("""
            # What papers claim, measured at small scale

            This page and [its figures](reproductions.html) are written from the results in [reproductions](reproductions/), one file for each seed, by
            `jacobian reproduce --out docs/reproductions --docs docs/reproductions.md`; they have what was measured and nothing else. `jacobian reproduce` lists
            the claims, `jacobian reproduce E13` measures one, into `out/reproduce` unless another folder is named.

            - Models have 0.01 to 0.2 million parameters and add digits modulo 10, with a chain of thought; nothing here says what a large
              model would do. **Reproduced in direction** means that the figures point the way the paper says.
            - A verdict is that of a rule in the claim's code, fixed before it was run; where an earlier rule or setting had been run, that and what it
              gave stand under "Tried". An interval is Student's for the mean over seeds (95 %, n − 1 degrees of freedom): of 3 seeds 2.5
              standard deviations to either side, of 5 seeds 1.24. Where a rule's bound lies within it, the verdict is **inconclusive**;
              where it lies beyond the wrong end, **not reproduced**. What a seed varies stands with each claim.
            - "Given that" begins a condition without which there is nothing to compare: where it fails, the verdict is **inconclusive**.
            - A bound such as −0.02 means "no worse, but for two points".
            - Settings that were tried and not kept are listed with each claim. All results before these were of models that could not check
              an answer: their end token was the word that begins a second look. What "Tried" says was measured with such models; the
              rules and settings of now were fixed with them, and everything was then measured anew.

            %s

            | claim | paper | what it reports | our result | verdict |
            | --- | --- | --- | --- | --- |
            """);
        text.replace(0, text.length(), text.toString().replace("%s", summary(experiments, recorded)));
        for (Experiment experiment : experiments) {
            ClaimFacts about = experiment.about();
            Optional<ClaimOutcome> outcome = recorded.apply(experiment);
            String result = outcome.map(ReproductionTable::ruled).orElse("");
            String verdict =
                    outcome.map(one -> "**" + one.verdict().words() + "**").orElse("not measured in full");
            text.append(String.format(
                    Locale.ROOT,
                    "| [%s](#%s) %s | %s | %s | %s | %s |\n",
                    about.id(),
                    about.id().toLowerCase(Locale.ROOT),
                    cell(about.title()),
                    cell(about.source().paper()),
                    cell(about.source().number()),
                    cell(result),
                    verdict));
        }
        experiments.forEach(experiment -> text.append(section(experiment, recorded.apply(experiment))));
        return text.toString();
    }

    /** How many of which verdict. */
    private static String summary(List<Experiment> experiments, Function<Experiment, Optional<ClaimOutcome>> recorded) {
        List<ClaimVerdict> verdicts = experiments.stream()
                .flatMap(experiment -> recorded.apply(experiment).stream())
                .map(ClaimOutcome::verdict)
                .toList();
        String counts = Arrays.stream(ClaimVerdict.values())
                .map(one -> verdicts.stream().filter(one::equals).count() + " " + one.words())
                .collect(Collectors.joining(", "));
        return "Of " + experiments.size() + " claims " + verdicts.size() + " were measured in full: " + counts + ".";
    }

    /** The figures that the rule looks at. */
    private static String ruled(ClaimOutcome outcome) {
        return outcome.claim()
                .rule()
                .figures()
                .distinct()
                .map(name -> name + ": " + Figures.spread(outcome.results().interval(name)))
                .collect(Collectors.joining("; "));
    }

    private static String section(Experiment experiment, Optional<ClaimOutcome> outcome) {
        ClaimFacts about = experiment.about();
        StringBuilder text = new StringBuilder();
        text.append("\n## ")
                .append(about.id())
                .append("\n\n**")
                .append(about.title())
                .append(".** ")
                .append(about.claim());
        text.append("\n\n- Paper: ")
                .append(about.source().paper())
                .append(": ")
                .append(about.source().number());
        text.append("\n- Experiment: ").append(about.experiment());
        text.append("\n- Settings: `")
                .append(Json.compact(experiment.full().settings()))
                .append('`');
        text.append("\n- Rule: ").append(experiment.full().rule().words());
        text.append("\n- A seed varies: ").append(experiment.full().varies());
        text.append("\n- Tried: ").append(String.join(" ", about.tried()));
        outcome.ifPresentOrElse(
                one -> {
                    text.append("\n- Measured: ")
                            .append(one.results().seeds().size())
                            .append(" seeds, ")
                            .append(Figures.minutes(one.seconds()))
                            .append(" in all\n\n| figure | mean [interval] | each seed |\n| --- | --- | --- |\n");
                    one.results()
                            .intervals()
                            .forEach((name, estimate) -> text.append("| ")
                                    .append(cell(name))
                                    .append(" | ")
                                    .append(Figures.spread(estimate))
                                    .append(" | ")
                                    .append(seeds(one.results().values(name)))
                                    .append(" |\n"));
                },
                () -> text.append(String.format(
                        Locale.ROOT,
                        "\n- Not measured in full yet: about %s minutes of processor time for a seed.\n",
                        Figures.number(experiment.minutes()))));
        return text.toString();
    }

    private static String seeds(double[] values) {
        StringBuilder text = new StringBuilder();
        for (double value : values) {
            text.append(text.isEmpty() ? "" : ", ").append(Figures.number(value));
        }
        return text.toString();
    }

    private static String cell(String text) {
        return text.replace("|", "\\|");
    }
}
