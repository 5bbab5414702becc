// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.offline.OfflineConfig;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.run.SavedRows;
import dev.jacobian.tensor.DType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a run of an offline method is made of, from the command line or from the run.json of a run that is resumed.
 *
 * @param model checkpoint folder that the run starts from, or the config.json of a new model
 * @param data rows of examples; generated demonstrations if there is none
 * @param skipBadRows whether rows of it that cannot be used are left out
 * @param dtype how the trained model is stored
 * @param options what else decides data or model, by name
 * @param config the trainer's settings
 * @param adapter what is trained
 */
record OfflineSettings(
        Path model,
        Optional<Rows> data,
        boolean skipBadRows,
        DType dtype,
        Map<String, String> options,
        OfflineConfig config,
        LoraChoice adapter) {
    private static final String DTYPE = "dtype";

    /** The settings of an existing run of a method. */
    static OfflineSettings read(Path folder, String method) {
        Path file = folder.resolve("run.json");
        if (!Files.exists(file)) {
            throw new CliException(
                    "there is no run to resume in " + folder + " (no run.json); start one without --resume");
        }
        JsonNode json = Json.read(file);
        String algorithm = json.path("algorithm").asText();
        if (!algorithm.equals(method) || !json.path("model").isTextual()) {
            String command = RunSettings.isOffline(json) ? algorithm : "rl";
            throw new CliException(file + " is not the run.json of "
                    + (method.equals("sft") ? "a fine-tuning run" : "a run of " + method)
                    + (json.has("algorithm") ? "; jacobian " + command + " --resume continues what it began" : ""));
        }
        Map<String, String> options = new TreeMap<>();
        json.path("options")
                .properties()
                .forEach(
                        option -> options.put(option.getKey(), option.getValue().asText()));
        DType dtype = DType.valueOf(options.getOrDefault(DTYPE, DType.F32.name()));
        options.remove(DTYPE);
        LoraChoice adapter = LoraChoice.read(json.path("options"), file.toString());
        options.keySet().removeAll(adapter.options().keySet());
        return new OfflineSettings(
                Path.of(json.get("model").textValue()),
                Optional.ofNullable(json.get("data")).map(node -> SavedRows.read(Path.of(node.asText()), options)),
                json.path("skip_bad_rows").asBoolean(),
                dtype,
                SavedRows.without(options),
                OfflineConfig.read(json, file.toString()),
                adapter);
    }

    /** The same in run.json. */
    RunOrigin origin() {
        Map<String, String> all = new TreeMap<>(options);
        all.putAll(adapter.options());
        data.map(SavedRows::options).ifPresent(all::putAll);
        all.put(DTYPE, dtype.name());
        return new RunOrigin(
                absolute(model),
                data.isPresent() ? "jsonl" : "countdown",
                data.map(rows -> absolute(rows.path())),
                skipBadRows,
                all);
    }

    private static String absolute(Path path) {
        return path.toAbsolutePath().normalize().toString();
    }
}
