// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.io.Json;
import dev.jacobian.rl.report.RunReport;
import dev.jacobian.rl.report.RunsPage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code jacobian report}: the page of a run, made again, or of several runs beside each other. */
@Command(
        name = "report",
        header = "Make the report of a run, or compare runs on one page.",
        description =
                "Of one run folder it writes report.html there, also while the run goes on or after it was killed. Of"
                    + " several it writes one page with what came of each, the settings in which they differ and their"
                    + " curves over steps and over time.")
final class ReportCommand extends CliCommand {
    @Parameters(paramLabel = "RUN", arity = "1..*", description = "Folders of runs.")
    private List<Path> runs = new ArrayList<>();

    @Option(
            names = "--out",
            paramLabel = "FILE",
            description = "The page to write for several runs (default: comparison.html). That of one run is its own"
                    + " report.html.")
    private Optional<Path> out = Optional.empty();

    ReportCommand(Streams streams) {
        super(streams);
    }

    @Override
    boolean computes() {
        return false;
    }

    @Override
    void checkUsage() {
        if (runs.size() == 1 && out.isPresent()) {
            throw usage("--out names the page that compares several runs; the report of one is written to "
                    + runs.getFirst().resolve("report.html") + ". Name more runs, or leave --out out");
        }
    }

    @Override
    void execute() {
        Path page;
        if (runs.size() == 1) {
            page = runs.getFirst().resolve("report.html");
            RunReport.write(runs.getFirst());
        } else {
            page = out.orElse(Path.of("comparison.html"));
            RunsPage.write(page, runs);
        }
        if (common().json()) {
            streams().json(Json.object().put("page", page.toString()));
        } else {
            streams().line("Wrote " + page);
        }
    }
}
