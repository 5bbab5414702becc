// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.tensor.Arithmetic;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.transformer.CausalLM;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeMap;

/** What run.json says: what a run is made of and how it computes. A resumed run must be made of the same. */
final class RunDescription {
    private static final System.Logger LOG = System.getLogger("dev.jacobian.rl");

    /** Between the ways in which one run has computed. */
    private static final String THEN = ", then ";

    private final RunRecord record;
    private final RunInputs inputs;
    private final ObjectNode json;

    private RunDescription(RunRecord record, RunInputs inputs, ObjectNode json) {
        this.record = record;
        this.inputs = inputs;
        this.json = json;
    }

    static RunDescription of(RunRecord record, CausalLM model) {
        RunOrigin origin = record.origin();
        RunInputs inputs = RunInputs.of(origin);
        ObjectNode json = Json.object();
        json.put("format", record.format());
        json.put("algorithm", record.algorithm());
        json.put("model", origin.model());
        json.put("task", origin.task());
        origin.data().ifPresent(data -> json.put("data", data));
        if (origin.skipBadRows()) {
            json.put("skip_bad_rows", true);
        }
        if (!origin.options().isEmpty()) {
            ObjectNode options = json.putObject("options");
            new TreeMap<>(origin.options()).forEach(options::put);
        }
        if (!inputs.hashes().isEmpty()) {
            json.set("inputs", inputs.toJson());
        }
        json.put("seed", record.seed());
        json.set("config", record.config());
        json.put("arithmetic", arithmetic(model));
        json.put("compute", computesIn(model));
        json.put("batch_invariant", hasFixedOrder(model));
        json.put(
                "machine",
                "JDK " + Runtime.version() + ", " + Backends.cpu().name() + ", " + ComputePool.threads() + " threads"
                        + place(model));
        return new RunDescription(record, inputs, json);
    }

    void write(Path file) {
        Json.write(file, json);
    }

    /** Adds the result. */
    void finish(ObjectNode result, Path file) {
        json.setAll(result);
        Json.write(file, json);
    }

    /**
     * Compares with the run.json of the run that is to go on.
     *
     * @throws IllegalStateException naming the first difference
     */
    void resume(Path file) {
        if (!(Json.read(file) instanceof ObjectNode saved)) {
            throw new FormatException(file.toString(), "it holds no JSON object", "Is this the folder of a run?");
        }
        requireSame(saved, file);
        rememberOtherArithmetic(saved, file);
    }

    /** Task, options and content of files: what a run is made of beside its settings. */
    ObjectNode madeOf() {
        return json.deepCopy().retain("task", "options", "inputs");
    }

    // Arithmetic

    /** What decides the bits beside the settings: F32 in the reference's order, as on every CPU, or another way. */
    private static String arithmetic(CausalLM model) {
        return hasFixedOrder(model)
                ? model.computeType().toString()
                : computesIn(model).toUpperCase(Locale.ROOT) + " in orders that depend on the batch";
    }

    /** As {@code --compute} names it. */
    private static String computesIn(CausalLM model) {
        boolean rounds = model.device().arithmetic() == Arithmetic.TF32 && model.computeType() == DType.F32;
        return rounds ? "tf32" : model.computeType().toString().toLowerCase(Locale.ROOT);
    }

    private static boolean hasFixedOrder(CausalLM model) {
        return model.device().arithmetic() == Arithmetic.BATCH_INVARIANT;
    }

    /** A lost device's run may go on elsewhere, but nobody should believe that the bits are those of one run. */
    private void rememberOtherArithmetic(ObjectNode saved, Path file) {
        String before = saved.path("arithmetic").asText();
        String now = json.get("arithmetic").asText();
        if (before.isEmpty() || before.equals(now)) {
            return;
        }
        String all = before.endsWith(THEN + now) ? before : before + THEN + now;
        json.put("arithmetic", all);
        if (!all.equals(before)) {
            saved.put("arithmetic", all);
            saved.set("compute", json.get("compute"));
            saved.set("batch_invariant", json.get("batch_invariant"));
            Json.write(file, saved); // at once: the run may be killed before it ends
            LOG.log(
                    Level.WARNING,
                    "{0} was begun in {1} and goes on in {2}: the result will not be, bit for bit, that of an"
                            + " uninterrupted run (--compute, --batch-invariant and --device choose)",
                    file.getParent(),
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
                + (hasFixedOrder(model) ? ", batch-invariant" : "");
    }

    // Sameness

    private void requireSame(ObjectNode whole, Path file) {
        ObjectNode saved = whole.deepCopy(); // what is changed here is not to be changed when the file is written again
        Optional<RunInputs> before = RunInputs.read(saved.path("inputs"));
        if (isSamePath(saved.path("model").asText(), record.origin().model())
                || before.filter(inputs::hasModelOf).isPresent()) {
            saved.put("model", record.origin().model()); // the same model by another name
        }
        for (String key : List.of("algorithm", "model", "task", "options")) {
            requireSame(key, saved.path(key), json.path(key), file);
        }
        requireSame(
                "config",
                RunRecord.comparable(record.upToDate().apply(whole, file.toString())),
                RunRecord.comparable(record.config()),
                file);
        if (before.isEmpty()) { // of an earlier version, which kept no hashes: then at least the same file
            requireSame("data", saved.path("data"), json.path("data"), file);
        }
        before.flatMap(then -> then.difference(inputs, record.origin())).ifPresent(difference -> {
            throw new IllegalStateException(file.getParent() + " cannot be resumed: since it was started " + difference
                    + ". Put back what was there, or start a new run; --model can be a checkpoint-N folder of"
                    + " this one");
        });
    }

    private static void requireSame(String key, JsonNode saved, JsonNode now, Path file) {
        if (!now.equals(saved)) {
            throw new IllegalStateException(file + " was started with another " + key + ": "
                    + RunRecord.difference(saved, now) + ". Resume with the same settings, or start a new run");
        }
    }

    /** Two spellings of one path; runs of earlier versions have the model's as it was given. */
    private static boolean isSamePath(String saved, String now) {
        return real(Path.of(saved)).equals(real(Path.of(now)));
    }

    private static Path real(Path path) {
        try {
            return path.toRealPath();
        } catch (IOException e) {
            return path.toAbsolutePath().normalize(); // it is not there
        }
    }
}
