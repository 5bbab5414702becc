// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.reproduction.ClaimFacts;
import dev.jacobian.rl.reproduction.ClaimOutcome;
import dev.jacobian.rl.reproduction.Experiment;
import dev.jacobian.rl.reproduction.Reproduction;
import dev.jacobian.rl.reproduction.ReproductionPage;
import dev.jacobian.rl.reproduction.ReproductionTable;
import dev.jacobian.rl.reproduction.Results;
import dev.jacobian.rl.reproduction.claim.Claims;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code jacobian reproduce}: the papers' claims at small scale. */
@Command(
        name = "reproduce",
        header = "Measure what papers claim, at small scale.",
        description = {
            "Without a name it lists the claims, with the minutes of processor time that a seed of each takes. With"
                + " one it measures that claim with some seeds and says what its rule makes of the figures: reproduced"
                + " in direction, not reproduced, or inconclusive. 'all' does so for every claim.",
            "What is in the folder already is not measured again, so a run that was ended goes on, and more seeds are"
                    + " added to those that are there."
        })
final class ReproduceCommand extends CliCommand {
    private static final String ALL = "all";

    @Parameters(
            paramLabel = "CLAIM",
            arity = "0..*",
            description = "Claims, such as E13, in the order in which they are to be measured, or all.")
    private List<String> names = List.of();

    @Option(
            names = "--seeds",
            paramLabel = "N",
            description = "How many seeds (default: ${DEFAULT-VALUE}, the fewest of which anything is concluded).")
    private int seeds = Results.LEAST_SEEDS;

    @Option(names = "--quick", description = "The size for seconds, which shows that it runs and nothing more.")
    private boolean quick;

    @Option(names = "--out", paramLabel = "DIR", description = "Folder for results (default: ${DEFAULT-VALUE}).")
    private Path out = Path.of("out/reproduce");

    @Option(
            names = "--docs",
            paramLabel = "FILE",
            description =
                    "Also write the document of all claims, with what the folder has of each in full size, and beside"
                            + " it a page with the figures (the same name with .html). Without a claim nothing is"
                            + " measured.")
    private Optional<Path> docs = Optional.empty();

    ReproduceCommand(Streams streams) {
        super(streams);
    }

    @Override
    boolean computes() {
        return false;
    }

    @Override
    void checkUsage() {
        if (seeds < 1) {
            throw usage("--seeds must be at least 1, got " + seeds);
        }
        names.forEach(this::named);
        if (Files.exists(out) && !Files.isDirectory(out)) {
            throw usage("--out " + out + " is a file; name a folder, new or with results that are to be kept");
        }
        docs.ifPresent(file -> {
            if (Files.isDirectory(file) || !file.getFileName().toString().endsWith(".md")) {
                throw usage("--docs " + file + " must name a file that ends in .md");
            }
        });
    }

    private List<Experiment> named(String wanted) {
        return wanted.equals(ALL)
                ? Claims.all()
                : List.of(Claims.find(wanted)
                        .orElseThrow(() ->
                                usage("there is no claim '" + wanted + "'; use all, or some of " + Claims.ids())));
    }

    @Override
    void execute() {
        Reproduction reproduction = new Reproduction(out, streams()::note);
        if (!names.isEmpty()) {
            measure(
                    reproduction,
                    names.stream()
                            .flatMap(name -> named(name).stream())
                            .distinct()
                            .toList());
        } else if (docs.isEmpty()) {
            list();
        }
        docs.ifPresent(file -> document(file, reproduction));
    }

    private void document(Path file, Reproduction reproduction) {
        List<ClaimOutcome> measured = Claims.all().stream()
                .flatMap(experiment -> reproduction.recorded(experiment, false).stream())
                .filter(outcome -> outcome.results().seeds().size() >= Results.LEAST_SEEDS)
                .toList();
        ReproductionTable.write(file, Claims.all(), experiment -> reproduction.recorded(experiment, false));
        Path page = file.resolveSibling(file.getFileName().toString().replaceFirst("[.]md$", ".html"));
        ReproductionPage.write(page, measured);
        streams()
                .note("wrote " + file + " and " + page + ": " + measured.size() + " of "
                        + Claims.all().size() + " claims are measured in full");
    }

    private void measure(Reproduction reproduction, List<Experiment> experiments) {
        List<ClaimOutcome> outcomes = new ArrayList<>();
        for (Experiment experiment : experiments) {
            ClaimOutcome outcome = reproduction.run(experiment, quick, seeds);
            outcomes.add(outcome);
            print(outcome);
        }
        Path page = out.resolve("reproductions.html");
        List<ClaimOutcome> others = Claims.all().stream()
                .filter(experiment -> !experiments.contains(experiment))
                .flatMap(experiment -> reproduction.recorded(experiment, quick).stream())
                .toList();
        ReproductionPage.write(
                page, Stream.concat(outcomes.stream(), others.stream()).toList());
        streams().note("wrote " + page);
    }

    private void print(ClaimOutcome outcome) {
        if (common().json()) {
            streams().json(outcome.toJson());
            return;
        }
        ClaimFacts about = outcome.claim().about();
        streams()
                .line(about.id() + " " + about.title() + ": "
                        + outcome.verdict().words());
        outcome.results()
                .intervals()
                .forEach((figure, estimate) -> streams()
                        .line(String.format(
                                Locale.ROOT,
                                "  %-52s %10.4g  [%.4g, %.4g]",
                                figure,
                                estimate.value(),
                                estimate.low(),
                                estimate.high())));
    }

    private void list() {
        if (common().json()) {
            ObjectNode all = Json.object();
            ArrayNode claims = all.putArray("claims");
            for (Experiment experiment : Claims.all()) {
                claims.addObject()
                        .put("claim", experiment.about().id())
                        .put("title", experiment.about().title())
                        .put("paper", experiment.about().source().paper())
                        .put("rule", experiment.full().rule().words())
                        .put("minutes_per_seed", experiment.minutes());
            }
            streams().json(all);
            return;
        }
        for (Experiment experiment : Claims.all()) {
            streams()
                    .line(String.format(
                            Locale.ROOT,
                            "%-4s %-55s %5.1f min  %s",
                            experiment.about().id(),
                            experiment.about().title(),
                            experiment.minutes(),
                            experiment.about().source().paper()));
        }
    }
}
