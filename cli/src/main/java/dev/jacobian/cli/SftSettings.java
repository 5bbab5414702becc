// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.sft.SftConfig;
import dev.jacobian.tensor.DType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a fine-tuning run is made of, from the command line or from the run.json of a run that is resumed.
 *
 * @param model checkpoint folder that the run starts from, or the config.json of a new model
 * @param isNew whether it is the latter
 * @param data JSONL of demonstrations; generated ones if there is none
 * @param skipBadRows whether rows of it that cannot be used are left out
 * @param giveUp probability of giving up, in generated ones
 * @param dtype how the trained model is stored
 * @param config the trainer's settings
 * @param adapter what is trained
 */
record SftSettings(
        Path model,
        boolean isNew,
        Optional<Path> data,
        boolean skipBadRows,
        double giveUp,
        DType dtype,
        SftConfig config,
        LoraChoice adapter) {
    private static final String INIT = "init";
    private static final String GIVE_UP = "give_up";
    private static final String DTYPE = "dtype";

    /** The settings of an existing run. */
    static SftSettings read(Path folder) {
        Path file = folder.resolve("run.json");
        if (!Files.exists(file)) {
            throw new CliException(
                    "there is no run to resume in " + folder + " (no run.json); start one without --resume");
        }
        JsonNode json = Json.read(file);
        JsonNode options = json.path("options");
        if (!json.path("algorithm").asText().equals("sft")
                || !json.path("model").isTextual()) {
            throw new CliException(file + " is not the run.json of a fine-tuning run"
                    + (json.has("algorithm") ? "; jacobian rl --resume continues what rl began" : ""));
        }
        return new SftSettings(
                Path.of(json.get("model").textValue()),
                options.path(INIT).asBoolean(),
                Optional.ofNullable(json.get("data")).map(node -> Path.of(node.asText())),
                json.path("skip_bad_rows").asBoolean(),
                options.path(GIVE_UP).asDouble(),
                DType.valueOf(options.path(DTYPE).asText(DType.F32.name())),
                SftConfig.read(json, file.toString()),
                LoraChoice.read(options, file.toString()));
    }

    /** The same in run.json. */
    RunOrigin origin() {
        Map<String, String> options = new TreeMap<>(adapter.options());
        options.putAll(Map.of(INIT, Boolean.toString(isNew), GIVE_UP, Double.toString(giveUp), DTYPE, dtype.name()));
        return new RunOrigin(
                absolute(model),
                data.isPresent() ? "jsonl" : "countdown",
                data.map(SftSettings::absolute),
                skipBadRows,
                options);
    }

    private static String absolute(Path path) {
        return path.toAbsolutePath().normalize().toString();
    }
}
