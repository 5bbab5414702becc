// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.rl.judge.RewardedTask;
import dev.jacobian.rl.task.JsonlTask;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/**
 * A data set to measure models on.
 *
 * @param name in tables
 * @param choice which problems
 * @param shots examples before them
 * @param problems how many; empty for the usual number
 */
record EvaluationSet(String name, TaskOption choice, FewShotOption shots, Optional<Integer> problems) {
    /** The options of one set, as a suite's object has them. */
    private static final class Entry {
        @Mixin
        private TaskOption task;

        @Mixin
        private FewShotOption shots;

        @Option(names = "--problems")
        private Optional<Integer> problems = Optional.empty();

        @Option(names = "--name")
        private Optional<String> name = Optional.empty();
    }

    /**
     * The sets of a suite: a JSON array of objects whose keys are options, with underscores.
     *
     * @param usual how many problems of sets that do not say it
     * @throws FormatException naming the entry that is none
     */
    static List<EvaluationSet> read(Path file, CliCommand command, Optional<Integer> usual) {
        JsonNode suite = Json.read(file);
        if (!suite.isArray() || suite.isEmpty()) {
            throw new FormatException(
                    file.toString(), "a suite is a JSON array of objects", "Write [{\"task\": \"countdown\"}, …]");
        }
        List<EvaluationSet> sets = new ArrayList<>();
        for (JsonNode json : suite) {
            String where = file + ", entry " + (sets.size() + 1);
            Entry entry = new Entry();
            try {
                new CommandLine(entry).parseArgs(arguments(json, where));
                check(entry.task, command);
                entry.shots.check(command);
            } catch (ParameterException wrong) {
                throw new FormatException(
                        where,
                        String.valueOf(wrong.getMessage()),
                        "Its keys are options of eval: task, data, problems …");
            }
            if (entry.problems.orElse(1) < 1) {
                throw new FormatException(where, "problems must be at least 1", "Leave it out for the usual number");
            }
            String name = entry.name.orElseGet(entry.task::title);
            if (sets.stream().anyMatch(set -> set.name.equals(name))) {
                throw new FormatException(
                        where, "another data set has the name '" + name + "'", "Give each one a 'name'");
            }
            sets.add(new EvaluationSet(name, entry.task, entry.shots, entry.problems.or(() -> usual)));
        }
        return sets;
    }

    /** Fails for a choice that is no task, or says nothing of a model's level. */
    static void check(TaskOption choice, CliCommand command) {
        choice.check(command);
        if (choice.comparesSamples()) {
            throw command.usage(
                    "--preference-model compares the samples of a prompt with each other, which says nothing"
                            + " of a model's level; leave it out, or take --reward-model");
        }
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
            } else if (value.isValueNode() && !value.isNull()) {
                arguments.add(name + "=" + value.asText());
            } else {
                throw new FormatException(
                        where, "'" + option.getKey() + "' must be a string, a number, true or false", "Correct it");
            }
        }
        return arguments.toArray(String[]::new);
    }

    /** The problems for a model. */
    Task task(CausalLM model, int maxNewTokens, Streams streams, Function<Path, ModelOptions> options) {
        Task usable = TaskOption.usable(choice.task(options), choice.skipBadRows(), model, maxNewTokens, streams);
        return shots.before(measured(usable, streams));
    }

    /** How many are measured. */
    int count(Task measured, int usual) {
        return problems.orElseGet(
                () -> choice.data().isPresent() ? measured.evalSize() : Math.min(usual, measured.evalSize()));
    }

    /** Of a file every row may be measured, also those that rl would train on; which is said where it happens. */
    private Task measured(Task all, Streams streams) {
        if (all instanceof RewardedTask rewarded) {
            return new RewardedTask(
                    measured(rewarded.problems(), streams), rewarded.rewards(), rewarded.solvedThreshold());
        }
        if (!(all instanceof JsonlTask rows)) {
            return all;
        }
        int heldOut = rows.evalSize();
        JsonlTask everything = rows.evaluatingOnAll();
        int count = problems.orElse(everything.evalSize());
        if (count > heldOut && count <= everything.evalSize()) {
            streams.note("measuring " + count + " rows of "
                    + choice.data().orElseThrow().path()
                    + ", of which rl --data holds out " + heldOut + " and trains on the others; --problems " + heldOut
                    + " measures only the former");
        }
        return everything;
    }
}
