// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.rl.reproduction.rig.Workshop;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Runs claims in a folder, seed after seed.
 *
 * <pre>
 * full/E13/seed-1.json    what a seed gave, with the settings; written whole or not at all
 * quick/…                 the same of the size for seconds
 * models/…                what experiments share
 * </pre>
 *
 * <p>What is there with the same settings and revision is not measured again, so a run that was killed goes on where it was, and more
 * seeds are added to those that are there. A file with other settings is measured again.
 */
public final class Reproduction {
    private static final int FORMAT = 1;

    private final Path folder;
    private final Workshop workshop;
    private final Consumer<String> progress;

    /** In a folder, which is created when something is written. */
    public Reproduction(Path folder, Consumer<String> progress) {
        this.folder = folder;
        this.progress = progress;
        this.workshop = new Workshop(folder.resolve("models"), progress);
    }

    /**
     * Measures what is missing.
     *
     * @param seeds how many: 1, 2, … up to this one
     */
    public ClaimOutcome run(Experiment experiment, boolean isQuick, int seeds) {
        if (seeds < 1) {
            throw new IllegalArgumentException("a claim is measured with at least 1 seed, got " + seeds + "; "
                    + Results.LEAST_SEEDS + " or more say something");
        }
        Claim claim = experiment.sized(isQuick);
        List<Run> runs = new ArrayList<>();
        for (long seed = 1; seed <= seeds; seed++) {
            Optional<Run> there = read(claim, isQuick, seed);
            progress.accept(
                    claim.about().id() + " seed " + seed + " of " + seeds + (there.isPresent() ? ": there" : ""));
            runs.add(there.isPresent() ? there.get() : measure(claim, isQuick, seed));
        }
        return outcome(claim, isQuick, runs);
    }

    /** What is there of a claim, without measuring; empty if nothing is. */
    public Optional<ClaimOutcome> recorded(Experiment experiment, boolean isQuick) {
        Claim claim = experiment.sized(isQuick);
        List<Run> runs = new ArrayList<>();
        for (Optional<Run> run = read(claim, isQuick, 1);
                run.isPresent();
                run = read(claim, isQuick, runs.size() + 1)) {
            runs.add(run.get());
        }
        return runs.isEmpty() ? Optional.empty() : Optional.of(outcome(claim, isQuick, runs));
    }

    /** A seed's result and how long it took. */
    private record Run(Measured measured, double seconds) {}

    private static ClaimOutcome outcome(Claim claim, boolean isQuick, List<Run> runs) {
        Results results = new Results(runs.stream().map(Run::measured).toList());
        return new ClaimOutcome(
                claim, isQuick, results, runs.stream().mapToDouble(Run::seconds).sum());
    }

    private Run measure(Claim claim, boolean isQuick, long seed) {
        long start = System.nanoTime();
        Measured measured = claim.measure(seed, workshop);
        Run run = new Run(measured, (System.nanoTime() - start) / 1e9);
        ObjectNode json = described(claim, seed);
        json.put("seconds", run.seconds);
        json.setAll(measured.toJson());
        Path file = file(claim, isQuick, seed);
        try {
            Files.createDirectories(home(claim, isQuick));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot create the folder of " + file, e);
        }
        Json.write(file, json);
        return run;
    }

    private Optional<Run> read(Claim claim, boolean isQuick, long seed) {
        Path file = file(claim, isQuick, seed);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        JsonNode json;
        try {
            json = Json.read(file);
        } catch (FormatException broken) {
            throw new FormatException(
                    file.toString(), "it is no JSON", "Delete the file, so that it is measured again", broken);
        }
        ObjectNode expected = described(claim, seed);
        for (String key : List.of("format", "claim", "revision", "seed", "settings")) {
            if (!same(json.path(key), expected.get(key))) {
                return Optional.empty(); // of other settings, or of another version of the experiment
            }
        }
        JsonNode seconds = json.path("seconds");
        if (!seconds.isNumber() || !json.path("figures").isObject()) {
            throw new FormatException(
                    file.toString(), "there are no figures", "Delete the file, so that it is measured again");
        }
        return Optional.of(new Run(Measured.read(json, file.toString()), seconds.doubleValue()));
    }

    /** Whether a file's value is this one; as text, for a file does not say whether 1 was a float. */
    private static boolean same(JsonNode written, JsonNode expected) {
        return Json.compact(written).equals(Json.compact(Json.parse(Json.compact(expected), "settings")));
    }

    private static ObjectNode described(Claim claim, long seed) {
        ObjectNode json = Json.object();
        json.put("format", FORMAT);
        json.put("claim", claim.about().id());
        json.put("revision", claim.about().revision());
        json.put("seed", seed);
        json.set("settings", claim.settings());
        return json;
    }

    private Path home(Claim claim, boolean isQuick) {
        return folder.resolve(isQuick ? "quick" : "full").resolve(claim.about().id());
    }

    private Path file(Claim claim, boolean isQuick, long seed) {
        return home(claim, isQuick).resolve("seed-" + seed + ".json");
    }
}
