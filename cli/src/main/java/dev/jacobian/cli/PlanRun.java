// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.Jsonl;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** The times and settings that a run of {@code rl} left in its folder. The first step, in which the JIT works, is left out where there are more. */
final class PlanRun {
    private final Path folder;
    private final JsonNode config;
    private final List<JsonNode> steps;
    private final List<JsonNode> timeline;

    private PlanRun(Path folder, JsonNode config, List<JsonNode> steps, List<JsonNode> timeline) {
        this.folder = folder;
        this.config = config;
        this.steps = steps;
        this.timeline = timeline;
    }

    /** Reads a run's folder. */
    static PlanRun read(Path folder) {
        Path run = folder.resolve("run.json");
        Path metrics = folder.resolve("metrics.jsonl");
        if (!Files.exists(run) || !Files.exists(metrics)) {
            throw new CliException("--from " + folder + ": " + (Files.exists(run) ? metrics : run)
                    + " is not there; give the folder that 'jacobian rl --out' wrote");
        }
        List<JsonNode> steps = new ArrayList<>();
        for (JsonNode line : lines(metrics)) {
            if (line.path("sampling_time").isNumber() && line.path("step_time").isNumber()) {
                steps.add(line);
            }
        }
        if (steps.isEmpty()) {
            throw new CliException(
                    metrics + " has no step with sampling_time and step_time; let the run finish a step first");
        }
        List<JsonNode> counted = steps.size() > 1 ? steps.subList(1, steps.size()) : steps;
        return new PlanRun(folder, Json.read(run).path("config"), counted, lines(folder.resolve("timeline.jsonl")));
    }

    /** Whole lines; the last one may be unfinished. */
    private static List<JsonNode> lines(Path file) {
        List<JsonNode> all = new ArrayList<>();
        List<FormatException> broken = new ArrayList<>();
        if (Files.exists(file)) {
            Jsonl.forEachLine(file, line -> {
                if (!broken.isEmpty()) {
                    throw broken.getFirst();
                }
                try {
                    all.add(line.json());
                } catch (FormatException e) {
                    broken.add(e); // forgiven in the last line of a run that was killed
                }
            });
        }
        return all;
    }

    Path folder() {
        return folder;
    }

    /** A setting of the run, if it is a number there. */
    Optional<Integer> setting(String key) {
        return config.path(key).canConvertToInt() && config.path(key).isNumber()
                ? Optional.of(config.path(key).intValue())
                : Optional.empty();
    }

    /** Mean of a metric over the steps that have it. */
    OptionalDouble mean(String metric) {
        return steps.stream()
                .filter(step -> step.path(metric).isNumber())
                .mapToDouble(step -> step.path(metric).doubleValue())
                .average();
    }

    /** Seconds of a step for a kind of work, from the timeline. */
    OptionalDouble seconds(String work) {
        int first = steps.getFirst().path("step").intValue();
        double sum = 0;
        boolean found = false;
        for (JsonNode span : timeline) {
            if (span.path("work").asText().equals(work) && span.path("step").intValue() >= first) {
                sum += span.path("end").doubleValue() - span.path("begin").doubleValue();
                found = true;
            }
        }
        return found ? OptionalDouble.of(sum / steps.size()) : OptionalDouble.empty();
    }

    /** Seconds of a step for learning. */
    double learning() {
        return seconds("learning")
                .orElse(Math.max(
                        0,
                        mean("step_time").orElseThrow() - mean("sampling_time").orElseThrow()));
    }

    /** Seconds of a step for samples, without those in which weights were sent. */
    double sampling() {
        double publishing = mean("worker/publish_seconds").orElse(0) / workers();
        double sampling = mean("sampling_time").orElseThrow();
        return publishing < sampling ? sampling - publishing : sampling;
    }

    /** Workers that lived; 1 where the run sampled itself. */
    int workers() {
        return (int) Math.max(1, Math.round(mean("worker/live").orElse(1)));
    }

    /** The part of a full copy that new weights took. */
    OptionalDouble share() {
        double sent = mean("worker/weight_bytes").orElse(0);
        double full = mean("worker/full_bytes").orElse(0);
        return sent > 0 && full > 0 ? OptionalDouble.of(sent / full) : OptionalDouble.empty();
    }

    /** Bytes that went to workers in a second while weights were sent. */
    OptionalDouble bandwidth() {
        double sent = mean("worker/weight_bytes").orElse(0);
        double seconds = mean("worker/publish_seconds").orElse(0);
        return sent > 0 && seconds > 0 ? OptionalDouble.of(sent * workers() / seconds) : OptionalDouble.empty();
    }
}
