// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

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
import java.util.Optional;
import java.util.function.Function;
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
    /**
     * The sets of a suite: a JSON array of {@link SuiteEntry}s.
     *
     * @param usual how many problems of sets that do not say it
     * @throws FormatException naming the entry that is none
     */
    static List<EvaluationSet> read(Path file, CliCommand command, Optional<Integer> usual) {
        List<SuiteEntry> entries = SuiteEntry.read(Json.read(file), file.toString(), command);
        List<EvaluationSet> sets = new ArrayList<>();
        for (SuiteEntry entry : entries) {
            try {
                check(entry.task(), command);
            } catch (ParameterException wrong) {
                throw new FormatException(
                        SuiteEntry.where(file.toString(), sets.size() + 1),
                        String.valueOf(wrong.getMessage()),
                        "Its keys are options of eval: task, data, problems …");
            }
            sets.add(new EvaluationSet(
                    entry.name(), entry.task(), entry.shots(), entry.problems().or(() -> usual)));
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
