// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.io.AtomicFiles;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.JsonlWriter;
import dev.jacobian.rl.learn.Checkpointed;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.transformer.CausalLM;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The folder of one run.
 *
 * <pre>
 * run.json                 what is run: configuration, task, model, machine; in the end the result
 * metrics.jsonl            one line per step
 * completions.jsonl        some completions per step
 * checkpoint-N/            model, optimizer.safetensors, trainer_state.json: written elsewhere first, then renamed
 * config.json, …           the trained model, when the run has ended
 * </pre>
 *
 * <p>Whatever instant a run is killed at, the last checkpoint is whole. Resuming cuts the logs back to it.
 */
final class RunDirectory {
    private static final System.Logger LOG = System.getLogger("dev.jacobian.rl");

    /** Between the ways in which one run has computed. */
    private static final String THEN = ", then ";

    private static final String PREFIX = "checkpoint-";
    private static final int FORMAT = 1;

    /** Settings that may change in the middle of a run: the bits are the same. */
    private static final List<String> HOW_MEMORY_IS_USED =
            List.of("gradient_checkpointing", "offload_optimizer", "offload_reference");

    private final Path folder;
    private final RlConfig config;
    private final ObjectNode description;
    private Optional<Path> resumedFrom = Optional.empty();
    private JsonlWriter metrics;
    private JsonlWriter completions;

    private RunDirectory(Path folder, RlConfig config, ObjectNode description) {
        this.folder = folder;
        this.config = config;
        this.description = description;
    }

    static RunDirectory open(Path folder, RlConfig config, RunOrigin origin, CausalLM model, boolean resume) {
        ObjectNode description = Json.object();
        description.put("format", SavedConfig.FORMAT);
        description.put("algorithm", config.method().name());
        description.put("model", origin.model());
        description.put("task", origin.task());
        origin.data().ifPresent(data -> description.put("data", data));
        description.put("seed", config.seed());
        description.set("config", config.toJson());
        description.put("arithmetic", arithmetic(model));
        description.put("compute", computesIn(model));
        description.put("batch_invariant", hasFixedOrder(model));
        description.put(
                "machine",
                "JDK " + Runtime.version() + ", " + Backends.cpu().name() + ", " + ComputePool.threads() + " threads"
                        + place(model));
        RunDirectory run = new RunDirectory(folder, config, description);
        Path file = folder.resolve("run.json");
        if (resume) {
            if (!Files.exists(file)) {
                throw new IllegalStateException(
                        "there is no run to resume in " + folder + "; start it without --resume");
            }
            JsonNode saved = Json.read(file);
            run.requireSame(saved, file);
            run.rememberOtherArithmetic((ObjectNode) saved, file);
        } else {
            if (Files.exists(file)) {
                throw new IllegalStateException(
                        folder + " already holds a run; continue it with --resume or choose another --out");
            }
            Json.write(file, description);
        }
        return run;
    }

    /** What decides the bits beside the settings: F32 in the reference's order, as on every CPU, or another way. */
    private static String arithmetic(CausalLM model) {
        return hasFixedOrder(model)
                ? model.computeType().toString()
                : computesIn(model).toUpperCase(Locale.ROOT) + " in orders that depend on the batch";
    }

    /** As {@code --compute} names it. */
    private static String computesIn(CausalLM model) {
        boolean rounds = !hasFixedOrder(model) && Backends.isTf32Allowed() && model.computeType() == DType.F32;
        return rounds ? "tf32" : model.computeType().toString().toLowerCase(Locale.ROOT);
    }

    private static boolean hasFixedOrder(CausalLM model) {
        return model.device().equals(Device.CPU) || Backends.isBatchInvariant();
    }

    /** A lost device's run may go on elsewhere, but nobody should believe that the bits are those of one run. */
    private void rememberOtherArithmetic(ObjectNode saved, Path file) {
        String before = saved.path("arithmetic").asText();
        String now = description.get("arithmetic").asText();
        if (before.isEmpty() || before.equals(now)) {
            return;
        }
        String all = before.endsWith(THEN + now) ? before : before + THEN + now;
        description.put("arithmetic", all);
        if (!all.equals(before)) {
            saved.put("arithmetic", all);
            saved.set("compute", description.get("compute"));
            saved.set("batch_invariant", description.get("batch_invariant"));
            Json.write(file, saved); // at once: the run may be killed before it ends
            LOG.log(
                    Level.WARNING,
                    "{0} was begun in {1} and goes on in {2}: the result will not be, bit for bit, that of an"
                            + " uninterrupted run (--compute, --batch-invariant and --device choose)",
                    folder,
                    before,
                    now);
        }
    }

    /** Where a run that is not on the CPU computes. */
    private static String place(CausalLM model) {
        if (model.device().equals(Device.CPU)) {
            return "";
        }
        return ", " + Backends.of(model.device()).name() + ", computing in " + model.computeType()
                + (Backends.isBatchInvariant() ? ", batch-invariant" : "");
    }

    private void requireSame(JsonNode whole, Path file) {
        JsonNode saved = whole.deepCopy(); // what is left out here is not to be missing when the file is written again
        ((ObjectNode) saved).set("config", SavedConfig.upToDate(whole, file.toString()));
        saved = Json.parse(Json.compact(saved), "the saved settings"); // numbers as a file has them, on both sides
        JsonNode now = Json.parse(Json.compact(description), "these settings");
        now.withObject("/config").remove(HOW_MEMORY_IS_USED);
        saved.withObject("/config").remove(HOW_MEMORY_IS_USED);
        for (String key : List.of("algorithm", "model", "task", "config")) {
            if (!now.get(key).equals(saved.path(key))) {
                throw new IllegalStateException(file + " was started with another " + key + ": "
                        + difference(saved.path(key), now.get(key))
                        + ". Resume with the same settings, or start a new run");
            }
        }
    }

    private static String difference(JsonNode saved, JsonNode now) {
        if (saved.isObject() && now.isObject()) {
            for (Map.Entry<String, JsonNode> entry : now.properties()) {
                if (!entry.getValue().equals(saved.path(entry.getKey()))) {
                    return entry.getKey() + " was " + saved.path(entry.getKey()) + ", now " + entry.getValue();
                }
            }
        }
        return saved + ", now " + now;
    }

    /** Puts model and optimizer where the last checkpoint left them and opens the logs there. */
    TrainerState restore(CausalLM model, Checkpointed parts) {
        TrainerState state = latest().map(path -> load(path, model, parts)).orElse(TrainerState.START);
        // without a checkpoint the evaluation before training is made again too, so its line goes as well
        boolean fresh = latest().isEmpty();
        metrics = JsonlWriter.resume(
                folder.resolve("metrics.jsonl"),
                line -> !fresh && line.path("step").asInt() <= state.step());
        completions = JsonlWriter.resume(
                folder.resolve("completions.jsonl"),
                line -> !fresh && line.path("step").asInt() <= state.step());
        return state;
    }

    private Optional<Path> latest() {
        if (!Files.isDirectory(folder)) {
            return Optional.empty();
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(p -> p.getFileName().toString().matches(PREFIX + "[0-9]{1,9}"))
                    .max(Comparator.comparingInt(RunDirectory::stepOf));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + folder, e);
        }
    }

    private static int stepOf(Path checkpoint) {
        return Integer.parseInt(checkpoint.getFileName().toString().substring(PREFIX.length()));
    }

    private TrainerState load(Path checkpoint, CausalLM model, Checkpointed parts) {
        resumedFrom = Optional.of(checkpoint);
        CausalLM saved = CausalLM.load(checkpoint);
        for (Parameter parameter : model.parameters()) {
            parameter.value().copyFrom(saved.parameter(parameter.name()).value());
            parameter.valueChanged();
        }
        Path stateFile = checkpoint.resolve("trainer_state.json");
        JsonNode json = Json.read(stateFile);
        if (json.path("format").asInt() != FORMAT) {
            throw new FormatException(
                    stateFile.toString(), "format " + json.path("format"), "Resume with the version that wrote it");
        }
        parts.restore(checkpoint, json);
        return new TrainerState(
                json.path("step").asInt(),
                json.path("tokens").asLong(),
                json.path("samples").asLong(),
                json.path("pass@1_before").asDouble(),
                json.path("sampling_logp_difference_max").asDouble(),
                json.path("seconds").asDouble());
    }

    /** The checkpoint that this run was resumed from. */
    Optional<Path> resumedFrom() {
        return resumedFrom;
    }

    void log(StepMetrics step, List<CompletionRecord> some) {
        ObjectNode line = Json.object();
        line.put("step", step.step());
        step.values().forEach((name, value) -> {
            if (Double.isFinite(value)) {
                line.put(name, value);
            }
        });
        metrics.write(line);
        metrics.flush();
        for (CompletionRecord completion : some) {
            ObjectNode json = Json.object();
            json.put("step", completion.step());
            json.put("prompt", completion.prompt());
            json.put("completion", completion.completion());
            json.put("reward", completion.reward());
            json.put("advantage", completion.advantage());
            json.put("finish_reason", completion.finishReason());
            completions.write(json);
        }
        completions.flush();
    }

    void checkpoint(TrainerState state, CausalLM model, Checkpointed parts) {
        AtomicFiles.writeDirectory(folder.resolve(PREFIX + state.step()), directory -> {
            model.saveInto(directory, DType.F32);
            ObjectNode json = Json.object();
            json.put("format", FORMAT);
            json.put("step", state.step());
            parts.save(directory, json);
            json.put("tokens", state.tokens());
            json.put("samples", state.samples());
            json.put("pass@1_before", state.passAt1Before());
            json.put("sampling_logp_difference_max", state.differenceMax());
            json.put("seconds", state.seconds());
            Json.write(directory.resolve("trainer_state.json"), json);
        });
        removeOld();
    }

    private void removeOld() {
        try (Stream<Path> entries = Files.list(folder)) {
            List<Path> old = entries.filter(p -> p.getFileName().toString().matches(PREFIX + "[0-9]{1,9}"))
                    .sorted(Comparator.comparingInt(RunDirectory::stepOf).reversed())
                    .skip(config.saving().saveTotalLimit())
                    .toList();
            for (Path checkpoint : old) {
                delete(checkpoint);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove old checkpoints in " + folder, e);
        }
    }

    private static void delete(Path checkpoint) throws IOException {
        // a kill in the middle must not leave something that looks like a checkpoint
        Path doomed = checkpoint.resolveSibling("." + checkpoint.getFileName() + ".removed");
        Files.move(checkpoint, doomed);
        try (Stream<Path> files = Files.walk(doomed)) {
            for (Path path : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    void finish(RlResult result, CausalLM model) {
        model.saveInto(folder, DType.F32);
        metrics.close();
        completions.close();
        description.put("pass@1_before", result.passAt1Before());
        description.put("pass@1_after", result.passAt1After());
        description.put("steps", result.steps());
        description.put("samples", result.samples());
        description.put("seconds", result.seconds());
        description.put("peak_memory_bytes", result.peakMemoryBytes());
        description.put("sampling_logp_difference_max", result.samplingLogpDifferenceMax());
        Json.write(folder.resolve("run.json"), description);
    }
}
