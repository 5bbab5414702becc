// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.run;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.AtomicFiles;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.JsonFields;
import dev.jacobian.io.JsonlWriter;
import dev.jacobian.io.tensorboard.EventFile;
import dev.jacobian.rl.config.ReportTo;
import dev.jacobian.tensor.DType;
import dev.jacobian.transformer.CausalLM;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The folder of one run.
 *
 * <pre>
 * run.json                 what is run: configuration, task, model, machine; in the end the result
 * run.lock                 keeps other processes out while the run lives
 * metrics.jsonl            one line per step
 * completions.jsonl        some completions per step
 * events.out.tfevents.*    the metrics for TensorBoard, where report_to asks for them
 * timeline.jsonl           what was done when, of a run that is asked to tell
 * schedule.jsonl           what a run left to the clock that samples with the newest weights, before anything follows from it
 * reward_failures.jsonl    samples that were left out because a reward failed, if there are any
 * checkpoint-N/            model, trainer_state.json, what else moves (optimizer.safetensors, …): written elsewhere first, then renamed
 * config.json, …           the trained model, when the run has ended
 * </pre>
 *
 * <p>Whatever instant a run is killed at, the last checkpoint is whole. Resuming cuts the logs back to it. The folder belongs to
 * one process at a time ({@link RunLock}), holds no links, and must stay where it is while the run goes on ({@link RunFiles}).
 *
 * <p>Not thread-safe.
 */
public final class RunDirectory implements AutoCloseable {
    /** What helps against a damaged checkpoint. */
    public static final String EARLIER =
            "The checkpoint is damaged; remove its folder to resume from an earlier one, if there is one";

    private static final String METRICS = "metrics.jsonl";
    private static final String COMPLETIONS = "completions.jsonl";
    private static final String TIMELINE = "timeline.jsonl";
    private static final String SCHEDULE = "schedule.jsonl";
    private static final String REWARD_FAILURES = "reward_failures.jsonl";
    private static final String STATE = "trainer_state.json";
    private static final int FORMAT = 1;

    private final Path folder;
    private final RunRecord record;
    private final RunLock lock;
    private final RunFiles files;
    private final RunDescription description;
    private Optional<JsonlWriter> metrics = Optional.empty();
    private Optional<JsonlWriter> completions = Optional.empty();
    private Optional<EventFile> events = Optional.empty();
    private Optional<JsonlWriter> timeline = Optional.empty(); // opened when there is something to tell
    private Optional<JsonlWriter> schedule = Optional.empty(); // of a run that has one
    private int restored = -1;

    private RunDirectory(Path folder, RunRecord record, RunLock lock, RunFiles files, RunDescription description) {
        this.folder = folder;
        this.record = record;
        this.lock = lock;
        this.files = files;
        this.description = description;
    }

    /**
     * Takes a folder for a run.
     *
     * @param model what is trained, before anything is restored
     * @param resume go on with the run that is there; otherwise there must be none
     * @throws IllegalStateException if another process works on the run, if there is one where none should be or none where one
     *     should be, or if it was started with other settings, another model or other data
     * @throws FormatException if something in the folder is a link
     */
    public static RunDirectory open(Path folder, RunRecord record, CausalLM model, boolean resume) {
        Path absolute = folder.toAbsolutePath().normalize();
        Path file = absolute.resolve("run.json");
        if (resume && !Files.exists(file)) {
            throw new IllegalStateException("there is no run to resume in " + folder + "; start it without --resume");
        }
        make(absolute);
        RunLock lock = RunLock.acquire(absolute);
        try {
            RunFiles files = new RunFiles(absolute);
            files.requireOwn(List.of(METRICS, COMPLETIONS, TIMELINE, SCHEDULE, REWARD_FAILURES));
            files.sweep();
            RunDescription description = RunDescription.of(record, model);
            if (resume) {
                description.resume(file);
            } else if (Files.exists(file)) {
                throw new IllegalStateException(
                        folder + " already holds a run; continue it with --resume or choose another --out");
            } else {
                description.write(file);
            }
            return new RunDirectory(absolute, record, lock, files, description);
        } catch (RuntimeException | Error e) {
            lock.close();
            throw e;
        }
    }

    /** Where failures of rewards are written down. */
    public Path rewardFailures() {
        return folder.resolve(REWARD_FAILURES);
    }

    /** What a run is made of beside its settings: task, options, content of model and data. */
    public static ObjectNode madeOf(RunRecord record, CausalLM model) {
        return RunDescription.of(record, model).madeOf();
    }

    /** The same of this run. */
    public ObjectNode madeOf() {
        return description.madeOf();
    }

    /** Where a run writes decisions of the clock down. */
    public static Path scheduleFile(Path folder) {
        return folder.toAbsolutePath().normalize().resolve(SCHEDULE);
    }

    /** Where decisions of the clock are written down. */
    public Path scheduleFile() {
        return scheduleFile(folder);
    }

    /**
     * Opens it where the run goes on; after {@link #restore}.
     *
     * @param keep which lines of a run that is resumed stay; without a checkpoint none does
     * @throws FormatException if a line is damaged
     */
    public JsonlWriter schedule(JsonlWriter.LineFilter keep) {
        files.requireInPlace();
        JsonlWriter writer = JsonlWriter.resume(scheduleFile(), restored < 0 ? (line, number) -> false : keep);
        schedule = Optional.of(writer);
        files.remember(List.of(SCHEDULE));
        return writer;
    }

    private static void make(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot make the run folder " + folder + ": " + e.getMessage(), e);
        }
    }

    /**
     * Where a checkpoint left a run.
     *
     * @param step steps that were made
     * @param state the checkpoint's fields; the trainer reads its own, passes over those of its parts, and finishes
     */
    public record Restored(int step, JsonFields state) {}

    /**
     * Puts model and parts where the last checkpoint left them and opens the logs there.
     *
     * @param parts all that moves beside the weights and the trainer's own fields
     * @return empty for a run without a checkpoint, whose logs begin anew
     * @throws FormatException if a log or the checkpoint is damaged; the message has file and line
     */
    public Optional<Restored> restore(CausalLM model, Checkpointed parts) {
        Optional<Path> latest = files.checkpoints().stream().findFirst();
        Optional<Restored> restored = latest.map(checkpoint -> load(checkpoint, model, parts));
        // without a checkpoint what was measured before training is measured again too, so its line goes as well
        int step = restored.map(Restored::step).orElse(-1);
        metrics = Optional.of(StepLog.resume(folder.resolve(METRICS), step, true));
        completions = Optional.of(StepLog.resume(folder.resolve(COMPLETIONS), step, false));
        files.remember(List.of(RunLock.FILE, METRICS, COMPLETIONS));
        if (record.saving().reportTo() == ReportTo.TENSORBOARD) {
            EventFile file = EventFile.open(folder, step);
            events = Optional.of(file);
            files.remember(List.of(file.file().getFileName().toString()));
        }
        this.restored = step;
        return restored;
    }

    /**
     * The error for a file that a checkpoint lacks.
     *
     * @param file in the checkpoint's folder
     * @param lost what was in it
     */
    public static FormatException missing(Path file, String lost) {
        Path checkpoint = file.toAbsolutePath().resolveSibling("").normalize();
        return new FormatException(
                file.toString(),
                "the file is missing, and with it " + lost + "; the run cannot go on from this checkpoint without",
                "Put the file back; or " + without(checkpoint) + "; or start a new run from the weights here, with"
                        + " --model " + checkpoint + " and another --out");
    }

    /** How to go on without a checkpoint. */
    private static String without(Path checkpoint) {
        Optional<Path> earlier = new RunFiles(checkpoint.resolveSibling(""))
                .checkpoints().stream()
                        .filter(other -> RunFiles.stepOf(other) < RunFiles.stepOf(checkpoint))
                        .findFirst();
        return "remove the folder " + checkpoint + ", then --resume "
                + earlier.map(other -> "goes on from " + other.getFileName())
                        .orElse("begins at the first step again, for there is no earlier checkpoint");
    }

    private static Restored load(Path checkpoint, CausalLM model, Checkpointed parts) {
        Path file = checkpoint.resolve(STATE);
        JsonFields state = JsonFields.of(Json.read(file), file.toString());
        int format = state.integer("format");
        if (format != FORMAT) {
            throw new FormatException(file.toString(), "format " + format, "Resume with the version that wrote it");
        }
        int step = state.integer("step");
        if (step != RunFiles.stepOf(checkpoint)) {
            throw new FormatException(
                    file.toString(),
                    "'step' is " + step + " in the folder of step " + RunFiles.stepOf(checkpoint),
                    EARLIER);
        }
        try {
            model.restore(checkpoint);
            parts.restore(checkpoint, state.node());
        } catch (UncheckedIOException unreadable) {
            throw new FormatException(
                    checkpoint.toString(),
                    String.valueOf(unreadable.getMessage()),
                    "Put back what is missing; or " + without(checkpoint),
                    unreadable);
        }
        return new Restored(step, state);
    }

    /**
     * Writes one line of metrics, and some completions.
     *
     * @param step the step, from 1; 0 before training
     * @param values metrics; what is not finite is left out
     * @param some completions, without their step
     * @throws IllegalStateException if the folder is not where it was
     */
    public void log(int step, Map<String, Double> values, List<ObjectNode> some) {
        files.requireInPlace();
        ObjectNode line = Json.object().put("step", step);
        Map<String, Double> finite = new LinkedHashMap<>(values);
        finite.values().removeIf(value -> !Double.isFinite(value));
        finite.forEach(line::put);
        metrics.orElseThrow().write(line);
        metrics.orElseThrow().flush();
        for (ObjectNode completion : some) {
            ObjectNode json = Json.object().put("step", step);
            completions.orElseThrow().write(json.setAll(completion));
        }
        completions.orElseThrow().flush();
        events.ifPresent(file -> file.write(step, finite));
    }

    /**
     * Writes lines of the timeline.
     *
     * @param step the step, from 1
     * @param spans what was done, without the step
     */
    public void time(int step, List<ObjectNode> spans) {
        files.requireInPlace();
        if (timeline.isEmpty()) {
            timeline = Optional.of(StepLog.resume(folder.resolve(TIMELINE), restored, false));
        }
        for (ObjectNode span : spans) {
            ObjectNode line = Json.object().put("step", step);
            timeline.get().write(line.setAll(span));
        }
        timeline.get().flush();
    }

    /**
     * Writes a checkpoint and removes the oldest.
     *
     * @param state the trainer's own fields
     * @param parts all that moves beside them and the weights
     * @throws IllegalStateException if the folder is not where it was
     */
    public void checkpoint(int step, ObjectNode state, CausalLM model, Checkpointed parts) {
        files.requireInPlace();
        Path checkpoint = files.checkpoint(step);
        AtomicFiles.writeDirectory(checkpoint, directory -> {
            model.saveInto(directory, DType.F32);
            ObjectNode json = Json.object();
            json.put("format", FORMAT);
            json.put("step", step);
            parts.save(directory, json);
            json.setAll(state);
            Json.write(directory.resolve(STATE), json);
        });
        if (!files.isSameFolder()) {
            files.takeBack(checkpoint); // the folder went away in the meantime and was made again for this
        }
        files.requireInPlace();
        files.keepLatest(record.saving().saveTotalLimit());
    }

    /**
     * Writes the trained model and the result, and gives the folder back.
     *
     * @param result added to run.json
     * @param stored how the weights are stored
     * @throws IllegalStateException if the folder is not where it was
     */
    public void finish(ObjectNode result, CausalLM model, DType stored) {
        files.requireInPlace();
        model.saveInto(folder, stored);
        description.finish(result, folder.resolve("run.json"));
        close();
    }

    /** Gives the folder back; the run can be resumed. */
    @Override
    public void close() {
        metrics.ifPresent(JsonlWriter::close);
        completions.ifPresent(JsonlWriter::close);
        events.ifPresent(EventFile::close);
        timeline.ifPresent(JsonlWriter::close);
        schedule.ifPresent(JsonlWriter::close);
        lock.close();
    }
}
