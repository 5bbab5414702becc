// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.reward.ExactMatchReward.Answer;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import dev.jacobian.rl.task.catalog.NamedTask;
import dev.jacobian.rl.task.catalog.Tasks;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code jacobian tasks}: what {@code --task} can name, with an example of each. */
@Command(
        name = "tasks",
        header = "List the tasks.",
        description =
                "Lists every task that 'rl --task' and 'eval --task' know: what is asked, how hard it can be made, an"
                        + " example. With a NAME, problems of that task as training sees them.")
final class TasksCommand extends CliCommand {
    @Parameters(paramLabel = "NAME", arity = "0..1", description = "Show problems of this task alone.")
    private Optional<String> name = Optional.empty();

    @Option(names = "--difficulty", paramLabel = "D", description = "How hard (default: the task's usual difficulty).")
    private Optional<Integer> difficulty = Optional.empty();

    @Option(
            names = "--problems",
            paramLabel = "N",
            defaultValue = "1",
            description = "How many problems of each task (default: ${DEFAULT-VALUE}).")
    private int problems;

    TasksCommand(Streams streams) {
        super(streams);
    }

    @Override
    boolean computes() {
        return false;
    }

    @Override
    void checkUsage() {
        if (problems < 1) {
            throw usage("--problems must be at least 1");
        }
        if (name.isEmpty() && difficulty.isPresent()) {
            throw usage("--difficulty is of one task; name it: jacobian tasks NAME --difficulty D");
        }
        try {
            name.ifPresent(one -> new TaskChoice(one, difficulty, Optional.empty()).task());
        } catch (IllegalArgumentException wrong) {
            throw usage(wrong.getMessage());
        }
    }

    @Override
    void execute() {
        List<NamedTask> listed = Tasks.all().stream()
                .filter(task -> name.isEmpty() || task.name().equals(name.get()))
                .toList();
        if (common().json()) {
            ObjectNode all = Json.object();
            ArrayNode tasks = all.putArray("tasks");
            listed.forEach(task -> describe(task, tasks.addObject()));
            streams().json(all);
            return;
        }
        listed.forEach(this::print);
    }

    private List<Problem> examples(NamedTask task) {
        Task made = task.task(difficulty, Optional.empty());
        return made.trainProblems(common().seed(), 0, problems);
    }

    private void describe(NamedTask task, ObjectNode entry) {
        entry.put("name", task.name());
        entry.put("family", task.family());
        entry.put("summary", task.summary());
        ObjectNode levels = entry.putObject("difficulty");
        levels.put("lowest", task.levels().lowest());
        levels.put("usual", task.levels().usual());
        levels.put("highest", task.levels().highest());
        ArrayNode forms = entry.putArray("answers");
        task.forms().forEach(form -> forms.add(form == Answer.TAG ? "tag" : "whole"));
        entry.put("bundled_model", task.bundled());
        ArrayNode shown = entry.putArray("problems");
        for (Problem problem : examples(task)) {
            ObjectNode one = shown.addObject();
            one.put("id", problem.id());
            one.put("prompt", problem.prompt());
            problem.columns().values().forEach(one::putPOJO);
        }
    }

    private void print(NamedTask task) {
        streams().line(task.name() + ": " + task.summary());
        streams()
                .line("  " + task.family() + ", difficulty " + task.levels()
                        + (task.levels().lowest() < task.levels().highest()
                                ? ", usually " + task.levels().usual()
                                : "")
                        + (task.bundled() ? ", the bundled model can learn it" : ""));
        for (Problem problem : examples(task)) {
            problem.prompt().stripTrailing().lines().forEach(line -> streams().line("    " + line));
            problem.columns().string("answer").lines().forEach(line -> streams().line("  > " + line));
        }
        streams().line("");
    }
}
