// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.SavedConfig;
import dev.jacobian.rl.offline.OfflineMethods;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.run.SavedRows;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * What a run is made of, from the command line or from the run.json of a run that is resumed.
 *
 * @param model checkpoint folder that the run starts from
 * @param config the trainer's settings
 * @param chosen values of {@code --task}, {@code --difficulty} and {@code --answers}
 * @param data what {@code --data} says
 * @param skipBadRows value of {@code --skip-bad-rows}
 * @param adapter what is trained
 * @param rewards whose word rewards are
 * @param rollouts value of {@code --rollouts}
 * @param environment that the policy talks with, if there is one
 * @param mixture several data sets in the place of one task
 */
record RunSettings(
        Path model,
        RlConfig config,
        TaskChoice chosen,
        Optional<Rows> data,
        boolean skipBadRows,
        LoraChoice adapter,
        RewardChoice rewards,
        Optional<Path> rollouts,
        Optional<EnvironmentChoice> environment,
        Optional<Mixture> mixture) {
    /** The name of the task of a run on recorded samples, whose data they are. */
    private static final String RECORDED = "recorded";

    private static final String ROWS = "rows";

    /** The settings of an existing run. */
    static RunSettings read(Path folder, CliCommand command) {
        Path file = file(folder);
        JsonNode json = Json.read(file);
        if (isOffline(json)) {
            String method = json.path("algorithm").asText();
            throw new CliException(file + " is of a " + (method.equals("sft") ? "fine-tuning run" : "run of " + method)
                    + "; jacobian " + method + " --resume --out " + folder + " continues it");
        }
        if (!json.path("config").isObject() || !json.path("model").isTextual()) {
            throw new CliException(file + " is not the run.json of a training run");
        }
        Optional<Path> data = Optional.ofNullable(json.get("data")).map(node -> Path.of(node.asText()));
        return new RunSettings(
                Path.of(json.get("model").textValue()),
                SavedConfig.read(json, file.toString()),
                TaskChoice.read(json.path("task").asText(), json.path("options")),
                rows(json),
                json.path("skip_bad_rows").asBoolean(),
                LoraChoice.read(json.path("options"), file.toString()),
                RewardChoice.read(json.path("options")),
                isRecorded(json) ? data : Optional.empty(),
                EnvironmentChoice.read(json.path("options"), file.toString()),
                Mixture.read(json.path("options"), file, command));
    }

    private static Optional<Rows> rows(JsonNode run) {
        Map<String, String> options = new TreeMap<>();
        run.path("options")
                .properties()
                .forEach(
                        option -> options.put(option.getKey(), option.getValue().asText()));
        JsonNode path = isRecorded(run) ? run.path("options").path(ROWS) : run.path("data");
        return path.isTextual() ? Optional.of(SavedRows.read(Path.of(path.textValue()), options)) : Optional.empty();
    }

    private static boolean isRecorded(JsonNode run) {
        return run.path("task").asText().equals(RECORDED);
    }

    /** Whether a folder holds a run that {@code rl} began: not one of {@code sft} or {@code dpo}, which have a run.json too. */
    static boolean isReinforcement(Path folder) {
        Path file = folder.resolve("run.json");
        return Files.exists(file) && !isOffline(Json.read(file));
    }

    /** Whether it is a run of a method that learns from recorded data. */
    static boolean isOffline(JsonNode json) {
        return OfflineMethods.find(json.path("algorithm").asText()).isPresent();
    }

    /** What an existing run computes in. */
    static ChosenArithmetic arithmetic(Path folder) {
        return ChosenArithmetic.read(file(folder));
    }

    private static Path file(Path folder) {
        Path file = folder.resolve("run.json");
        if (!Files.exists(file)) {
            throw new CliException(
                    "there is no run to resume in " + folder + " (no run.json); start one without --resume");
        }
        return file;
    }

    /** The same in run.json. */
    RunOrigin origin() {
        Map<String, String> options = new TreeMap<>(adapter.options());
        options.putAll(rewards.options());
        data.map(SavedRows::options).ifPresent(options::putAll);
        options.putAll(chosen.options());
        environment.ifPresent(choice -> options.putAll(choice.options()));
        mixture.ifPresent(several -> options.putAll(several.options()));
        if (rollouts.isPresent()) {
            data.ifPresent(rows -> options.put(ROWS, absolute(rows.path())));
        }
        return new RunOrigin(
                absolute(model),
                rollouts.isPresent() ? RECORDED : chosen.name(),
                rollouts.or(() -> data.map(Rows::path)).map(RunSettings::absolute),
                skipBadRows,
                options);
    }

    private static String absolute(Path path) {
        return path.toAbsolutePath().normalize().toString();
    }

    /** The task, without the rows that the policy cannot complete if such may be left out. */
    Task task(CausalLM policy, Streams streams, Function<Path, ModelOptions> options) {
        int maxNewTokens = config.rollout().maxCompletionLength();
        if (mixture.isPresent()) {
            return rewards.of(mixture.get().task(policy, maxNewTokens, streams, options), options);
        }
        Task task = TaskOption.of(chosen, data, skipBadRows, rewards, options);
        return TaskOption.usable(task, skipBadRows, policy, maxNewTokens, streams);
    }

    /** Fails now rather than after the loading of a model if the folder cannot be made or written. Makes nothing. */
    static void writable(Path folder) {
        if (Files.exists(folder) && !Files.isDirectory(folder)) {
            throw new CliException("the run folder " + folder + " is a file; choose another with --out DIR");
        }
        Path existing = folder.toAbsolutePath().normalize();
        while (!Files.exists(existing) && existing.getParent() != null) {
            existing = existing.getParent();
        }
        if (!Files.isDirectory(existing)) {
            throw new CliException("cannot make the run folder " + folder + ": " + existing
                    + " is not a folder; choose another with --out DIR");
        }
        if (!Files.isWritable(existing)) {
            throw new CliException("the run folder " + folder + " is not writable: no permission to write into "
                    + existing + "; choose another with --out DIR");
        }
    }

    static long modified(Path folder) {
        try {
            return Files.getLastModifiedTime(folder.resolve("run.json")).toMillis();
        } catch (IOException e) {
            return 0;
        }
    }
}
