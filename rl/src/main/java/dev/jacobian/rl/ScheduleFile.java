// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.Jsonl;
import dev.jacobian.io.JsonlWriter;
import dev.jacobian.rl.run.RunDirectory;
import dev.jacobian.rl.run.RunRecord;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * {@code schedule.jsonl}: a line that says what it belongs to, and a line for each {@link Decision}, in their order.
 *
 * <p>Decision: a file that is to be replayed is carried out in thought when it is read ({@link Schedule}), so one of another run, a broken one or one
 * that ends too early is an error before the first step, and none can make a run wait for ever.
 */
final class ScheduleFile {
    private static final int FORMAT = 1;

    /** What a run is made of beside its settings; only known of a run with a folder. */
    private static final List<String> MADE_OF = List.of("task", "options", "inputs");

    private ScheduleFile() {}

    /** What the file of a run says first. */
    static ObjectNode header(RlConfig config, int rollouts) {
        ObjectNode settings = RunRecord.comparable(config.toJson());
        settings.remove("replay_schedule");
        ObjectNode header = Json.object().put("format", FORMAT);
        header.put("algorithm", config.method().name());
        header.put("seed", config.seed());
        header.put("rollouts", rollouts);
        header.set("config", settings);
        return header;
    }

    /**
     * A file, as it is.
     *
     * @param header what it belongs to
     * @param decisions what it says
     */
    record Read(Path file, ObjectNode header, List<Decision> decisions) {
        /**
         * Refuses it for a run that is made of something else, or would write over it.
         *
         * @param madeOf the run, as {@link RunDirectory#madeOf(RunRecord, dev.jacobian.transformer.CausalLM)} has it
         * @param folder where it is to be
         * @throws FormatException with the first difference
         */
        void requireFor(ObjectNode madeOf, Path folder) {
            if (RunDirectory.scheduleFile(folder).equals(file.toAbsolutePath().normalize())) {
                throw new FormatException(
                        file.toString(),
                        "it is where this run writes its own decisions",
                        "Choose another folder for it");
            }
            for (String part : MADE_OF) {
                requireSame(part, header.path(part), madeOf.path(part), file);
            }
        }

        /**
         * Refuses it if a run that is resumed has not begun as it says.
         *
         * @param made what was decided up to the checkpoint
         */
        void requireBeginning(List<Decision> made, Path run) {
            if (made.size() > decisions.size()
                    || !decisions.subList(0, made.size()).equals(made)) {
                throw new FormatException(
                        file.toString(),
                        "the run that is resumed has begun otherwise: see " + run,
                        "Resume with the schedule that it was started with");
            }
        }
    }

    /**
     * Reads the decisions of a whole run.
     *
     * @param expected what they must belong to
     * @throws FormatException if they are of another run, broken, cannot be carried out, or end before the run does
     */
    static Read read(Path file, ObjectNode expected, Schedule.Rules rules) {
        Schedule schedule = new Schedule(rules, 0, 0);
        List<ObjectNode> header = new ArrayList<>(); // one
        List<Decision> decisions = new ArrayList<>();
        Jsonl.forEachLine(file, line -> {
            if (header.isEmpty()) {
                header.add(requireSame(line.json(), expected, file));
            } else {
                decisions.add(made(line.json(), schedule, file + ", line " + line.number()));
            }
        });
        if (header.isEmpty()) {
            throw noHeader(file);
        }
        if (!schedule.isWhole()) {
            throw new FormatException(
                    file.toString(),
                    "its decisions end when " + schedule.placed() + " of " + rules.last() + " rollouts were made",
                    "Was the run that wrote it ended early? Let it go on to its end first (--resume)");
        }
        return new Read(file, header.getFirst(), decisions);
    }

    private static Decision made(JsonNode line, Schedule schedule, String where) {
        Decision decision = Decision.read(line, where);
        try {
            schedule.apply(decision);
        } catch (IllegalArgumentException impossible) {
            throw new FormatException(
                    where, String.valueOf(impossible.getMessage()), "The file was changed; restore it", impossible);
        }
        return decision;
    }

    private static FormatException noHeader(Path file) {
        return new FormatException(
                file + ", line 1",
                "it does not say which run its decisions are of",
                "Name the schedule.jsonl in the folder of a run with reproducible=false");
    }

    private static ObjectNode requireSame(JsonNode line, ObjectNode expected, Path file) {
        if (!(line instanceof ObjectNode header) || !header.has("format")) {
            throw noHeader(file);
        }
        for (String key : List.of("format", "algorithm", "seed", "rollouts", "config")) {
            requireSame(key, header.path(key), expected.path(key), file);
        }
        return header;
    }

    private static void requireSame(String key, JsonNode there, JsonNode here, Path file) {
        if (!there.toString().equals(here.toString())) { // numbers as they are written
            throw new FormatException(
                    file + ", line 1",
                    "it is of a run with another " + key + ": " + RunRecord.difference(there, here),
                    "Replay it with the settings, the model and the data of the run that wrote it");
        }
    }

    /**
     * The decisions of a run that goes on, and where further ones are written.
     *
     * @param made up to the checkpoint
     * @param log writes one; it is safe when that returns
     */
    record Opened(List<Decision> made, Consumer<Decision> log) {}

    /**
     * Opens the file of a run, brought back to its checkpoint.
     *
     * @param header without what the run is made of
     * @param rollouts that were learned from at the checkpoint; 0 for none
     * @throws FormatException if the file is damaged, or has no line of the checkpoint
     */
    static Opened open(RunDirectory run, ObjectNode header, int rollouts) {
        Path file = run.scheduleFile();
        List<Decision> made = new ArrayList<>();
        Decision checkpoint = new Decision.Saved(rollouts);
        JsonlWriter writer = run.schedule((line, number) -> {
            if (rollouts == 0 || !made.isEmpty() && made.getLast().equals(checkpoint)) {
                return false;
            }
            if (number > 1) {
                made.add(Decision.read(line, file + ", line " + number));
            }
            return true;
        });
        if (rollouts > 0 && (made.isEmpty() || !made.getLast().equals(checkpoint))) {
            throw new FormatException(
                    file.toString(),
                    "it has no line of the checkpoint after rollout " + rollouts,
                    "Restore the file, or start a new run");
        }
        if (rollouts == 0) {
            writer.write(header.deepCopy().setAll(run.madeOf()));
        }
        return new Opened(List.copyOf(made), decision -> {
            writer.write(decision.toJson());
            writer.flush();
        });
    }
}
