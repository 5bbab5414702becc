// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/**
 * A data set of a file that names several, {@code eval --suite} or {@code rl --mixture}: an object whose keys are the options that choose problems, with
 * underscores. What may be repeated there is an array here; {@code column} may be an object.
 */
final class SuiteEntry {
    @Mixin
    private TaskOption task;

    @Mixin
    private FewShotOption shots;

    @Option(names = "--problems")
    private Optional<Integer> problems = Optional.empty();

    @Option(names = "--name")
    private Optional<String> name = Optional.empty();

    @Option(names = "--weight")
    private Optional<Double> weight = Optional.empty();

    private SuiteEntry() {}

    /**
     * The entries of a JSON array.
     *
     * @param where it is, for messages
     * @throws FormatException naming the entry that is none
     */
    static List<SuiteEntry> read(JsonNode suite, String where, CliCommand command) {
        if (!suite.isArray() || suite.isEmpty()) {
            throw new FormatException(
                    where, "data sets are a JSON array of objects", "Write [{\"task\": \"countdown\"}, …]");
        }
        List<SuiteEntry> entries = new ArrayList<>();
        for (JsonNode json : suite) {
            SuiteEntry entry = read(json, where(where, entries.size() + 1), entries, command);
            entries.add(entry);
        }
        return entries;
    }

    /** The n-th entry, from 1, in messages. */
    static String where(String file, int number) {
        return file + ", entry " + number;
    }

    private static SuiteEntry read(JsonNode json, String where, List<SuiteEntry> before, CliCommand command) {
        SuiteEntry entry = new SuiteEntry();
        try {
            new CommandLine(entry).parseArgs(arguments(json, where));
            entry.task.check(command);
            entry.shots.check(command);
        } catch (ParameterException wrong) {
            throw new FormatException(
                    where,
                    String.valueOf(wrong.getMessage()),
                    "Its keys are options that choose problems (task, data, reward …), with underscores");
        }
        if (entry.problems.orElse(1) < 1) {
            throw new FormatException(where, "problems must be at least 1", "Leave it out for the usual number");
        }
        if (before.stream().anyMatch(other -> other.name().equals(entry.name()))) {
            throw new FormatException(
                    where, "another data set has the name '" + entry.name() + "'", "Give each one a 'name'");
        }
        return entry;
    }

    /** Which problems. */
    TaskOption task() {
        return task;
    }

    /** Examples before them. */
    FewShotOption shots() {
        return shots;
    }

    /** How many; empty for the usual number. */
    Optional<Integer> problems() {
        return problems;
    }

    /** Its name, or the task's or the data's. */
    String name() {
        return name.orElseGet(task::title);
    }

    /** Share of the problems, where they are mixed. */
    Optional<Double> weight() {
        return weight;
    }

    private static String[] arguments(JsonNode json, String where) {
        if (!json.isObject()) {
            throw new FormatException(
                    where, "an object is expected, found " + Json.excerpt(json), "Write {\"task\": \"countdown\"}");
        }
        List<String> arguments = new ArrayList<>();
        for (Map.Entry<String, JsonNode> option : json.properties()) {
            String name = "--" + option.getKey().replace('_', '-');
            JsonNode value = option.getValue();
            if (value.isBoolean()) {
                if (value.booleanValue()) {
                    arguments.add(name);
                }
            } else if (value.isArray() && !value.isEmpty()) {
                value.forEach(one -> arguments.add(name + "=" + plain(one, option.getKey(), where)));
            } else if (value.isObject() && !value.isEmpty()) {
                value.properties()
                        .forEach(one -> arguments.add(
                                name + "=" + one.getKey() + "=" + plain(one.getValue(), option.getKey(), where)));
            } else {
                arguments.add(name + "=" + plain(value, option.getKey(), where));
            }
        }
        return arguments.toArray(String[]::new);
    }

    private static String plain(JsonNode value, String key, String where) {
        if (value.isTextual() || value.isNumber()) {
            return value.asText();
        }
        throw new FormatException(
                where,
                "'" + key + "' must be a string, a number, true or false, or several of them, not "
                        + Json.excerpt(value),
                "Correct it");
    }

    /** The same object with paths that hold in every working directory. */
    static JsonNode withPlaces(JsonNode json) {
        ObjectNode places = json.deepCopy();
        for (String key : List.of("data", "reward_model", "judge", "preference_model")) {
            if (places.path(key).isTextual()) {
                places.put(
                        key,
                        Path.of(places.get(key).textValue())
                                .toAbsolutePath()
                                .normalize()
                                .toString());
            }
        }
        return places;
    }
}
