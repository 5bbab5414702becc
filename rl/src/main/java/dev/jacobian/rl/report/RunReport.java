// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.AtomicFiles;
import dev.jacobian.io.Json;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Writes {@code report.html} of a run: what was trained, what came of it, its curves, its completions over time and its
 * whole configuration, in one file.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>The page is one file that makes no request, so it opens offline, can be mailed, and stays readable for years.
 *       Its content security policy forbids everything but its own scripts, which it names by their hashes.
 *   <li>Completions are what a model made up, so they are untrusted. They are embedded as JSON in which no character
 *       can end the script element, and the page shows them as text nodes only, never as markup.
 *   <li>The charts are drawn by Chart.js (MIT licence, whose text the page carries), taken from its WebJar when this
 *       module is built.
 * </ul>
 *
 * <p>Input, all of it in the run directory:
 *
 * <ul>
 *   <li>{@code run.json}: one object; {@code algorithm}, {@code model}, {@code task}, {@code pass@1_before}, {@code
 *       pass@1_after}, {@code seconds}, {@code samples}, {@code machine} and {@code sampling_logp_difference_max} go to the head of the page, and
 *       everything is listed as the configuration. Keys may be nested.
 *   <li>{@code metrics.jsonl}: one object per step, {@code step} and numbers under TRL's metric names. A metric that was
 *       not measured in a step is absent from its line.
 *   <li>{@code timeline.jsonl}: the fields of {@link dev.jacobian.rl.observe.Span}, in seconds of the run.
 *   <li>{@code completions.jsonl}: the fields of {@link dev.jacobian.rl.observe.CompletionRecord} in snake case.
 * </ul>
 */
public final class RunReport {
    /** Most completions on a page; of longer runs an even selection over the steps is shown, and the page says so. */
    static final int MAX_COMPLETIONS = 3000;

    /** Most stretches of the timeline: the last ones, which show how the run works when it has warmed up. */
    static final int MAX_SPANS = 120;

    /** Most characters shown of one prompt or completion. */
    static final int MAX_TEXT = 20_000;

    /** Digits of a plotted value: more than a screen has pixels. */
    private static final MathContext PLOTTED = new MathContext(6);

    /** In a run's folder: who sampled for it elsewhere, an array of objects. */
    public static final String WORKERS = "workers.json";

    private RunReport() {}

    /**
     * Writes {@code report.html} into a run directory, replacing an old one atomically.
     *
     * @param runDirectory folder with {@code run.json}, {@code metrics.jsonl} and {@code completions.jsonl}; files that
     *     are not there yet count as empty
     * @throws dev.jacobian.io.FormatException if one of them is not valid; the message has file and line
     * @throws java.io.UncheckedIOException if the folder is not there or cannot be written
     */
    public static void write(Path runDirectory) {
        RunLog log = RunLog.read(runDirectory);
        Path workers = runDirectory.resolve(WORKERS);
        Optional<JsonNode> elsewhere = Files.exists(workers) ? Optional.of(Json.read(workers)) : Optional.empty();
        AtomicFiles.writeString(runDirectory.resolve("report.html"), html(log, elsewhere));
    }

    static String html(RunLog log) {
        return html(log, Optional.empty());
    }

    private static String html(RunLog log, Optional<JsonNode> workers) {
        String what = log.what();
        ObjectNode data = data(log);
        workers.ifPresent(table -> data.set("workers", table));
        return ReportPage.render((what.isEmpty() ? "Training run" : what) + " · Jacobian", data);
    }

    private static ObjectNode data(RunLog log) {
        ObjectNode data = Json.object();
        data.set("run", log.run());
        ArrayNode steps = data.putArray("steps");
        log.steps().keySet().forEach(steps::add);
        ObjectNode metrics = data.putObject("metrics");
        for (String name : log.metricNames()) {
            ArrayNode values = metrics.putArray(name);
            for (double value : log.series(name)) {
                if (Double.isFinite(value)) {
                    values.add(rounded(value));
                } else {
                    values.addNull();
                }
            }
        }
        ArrayNode completions = data.putArray("completions");
        selection(log.completions()).forEach(completions::add);
        data.put("completions_total", log.completions().size());
        ArrayNode timeline = data.putArray("timeline");
        List<ObjectNode> spans = log.timeline();
        spans.subList(Math.max(0, spans.size() - MAX_SPANS), spans.size()).forEach(timeline::add);
        return data;
    }

    private static double rounded(double value) {
        return value == Math.rint(value)
                ? value
                : new BigDecimal(value).round(PLOTTED).doubleValue();
    }

    /** An even selection over the steps, with overlong texts cut. */
    private static List<ObjectNode> selection(List<ObjectNode> all) {
        Map<Integer, List<ObjectNode>> byStep = new TreeMap<>();
        for (ObjectNode completion : all) {
            byStep.computeIfAbsent(completion.path("step").asInt(), step -> new ArrayList<>())
                    .add(completion);
        }
        int stride = Math.ceilDiv(byStep.size(), MAX_COMPLETIONS);
        int perStep = byStep.isEmpty() ? 0 : Math.max(1, MAX_COMPLETIONS / byStep.size());
        List<ObjectNode> selected = new ArrayList<>();
        int index = 0;
        for (List<ObjectNode> completions : byStep.values()) {
            if (index++ % stride == 0) {
                completions.stream().limit(perStep).map(RunReport::cut).forEach(selected::add);
            }
        }
        return selected;
    }

    private static ObjectNode cut(ObjectNode completion) {
        ObjectNode copy = completion.deepCopy();
        for (String field : List.of("prompt", "completion")) {
            String text = copy.path(field).asText("");
            if (text.length() > MAX_TEXT) {
                copy.put(
                        field,
                        text.substring(0, MAX_TEXT) + " … [" + (text.length() - MAX_TEXT) + " more characters in"
                                + " completions.jsonl]");
            }
        }
        return copy;
    }
}
