// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.rl.task.MixedTask;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Several data sets and tasks in one run, each with its own rewards and its share of the problems: what {@code rl --mixture FILE} names.
 *
 * @param json the file's array, with paths that hold in every working directory
 * @param entries what it says
 */
record Mixture(ArrayNode json, List<SuiteEntry> entries) {
    /** What run.json calls the task of such a run. */
    static final String TASK = "mixture";

    private static final String OPTION = "mixture";

    /** Copies the list. */
    Mixture {
        entries = List.copyOf(entries);
    }

    /**
     * Reads a file.
     *
     * @throws FormatException naming the entry that is wrong
     */
    static Mixture read(Path file, CliCommand command) {
        return read(Json.read(file), file.toString(), command);
    }

    /** The mixture that a run was started with; empty if it has none. */
    static Optional<Mixture> read(JsonNode options, Path run, CliCommand command) {
        return Optional.ofNullable(options.get(OPTION))
                .map(text -> read(Json.parse(text.asText(), run.toString()), run + ", " + OPTION, command));
    }

    private static Mixture read(JsonNode json, String where, CliCommand command) {
        List<SuiteEntry> entries = SuiteEntry.read(json, where, command);
        ArrayNode places = Json.object().putArray(OPTION);
        json.forEach(entry -> places.add(SuiteEntry.withPlaces(entry)));
        long weighted =
                entries.stream().filter(entry -> entry.weight().isPresent()).count();
        if (weighted > 0 && weighted < entries.size()) {
            throw new FormatException(
                    where,
                    "some data sets have a 'weight' and others have none",
                    "Give each its share of the problems, or none for equal shares");
        }
        for (int i = 0; i < entries.size(); i++) {
            SuiteEntry entry = entries.get(i);
            if (entry.problems().isPresent() || entry.shots().isGiven()) {
                throw new FormatException(
                        SuiteEntry.where(where, i + 1),
                        "'problems' and 'few_shot' are of a suite that is measured, not of a mixture to train on",
                        "Leave them out; 'weight' is a data set's share of the problems");
            }
        }
        return new Mixture(places, entries);
    }

    /** The same in run.json. */
    Map<String, String> options() {
        return Map.of(OPTION, Json.compact(json));
    }

    /** The task of all. */
    Task task(CausalLM policy, int maxNewTokens, Streams streams, Function<Path, ModelOptions> options) {
        List<MixedTask.Part> parts = new ArrayList<>();
        for (SuiteEntry entry : entries) {
            TaskOption choice = entry.task();
            choice.rewards()
                    .flatMap(rewards -> rewards.remark(choice.data().isPresent()))
                    .ifPresent(remark -> streams.note(entry.name() + ": " + remark));
            Task task = TaskOption.usable(choice.task(options), choice.skipBadRows(), policy, maxNewTokens, streams);
            parts.add(new MixedTask.Part(entry.name(), entry.weight().orElse(1.0 / entries.size()), task));
        }
        try {
            return new MixedTask(parts);
        } catch (IllegalArgumentException wrong) {
            throw new CliException("--mixture: " + wrong.getMessage(), wrong);
        }
    }
}
