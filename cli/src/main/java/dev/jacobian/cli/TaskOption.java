// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.rl.task.Addition;
import dev.jacobian.rl.task.Countdown;
import dev.jacobian.rl.task.JsonlTask;
import dev.jacobian.rl.task.Task;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The task that a command trains on or measures. */
final class TaskOption {
    @Option(
            names = "--task",
            paramLabel = "NAME",
            defaultValue = "countdown",
            description =
                    "countdown (three small numbers, short prompts), countdown-words (three or four numbers, prompts"
                            + " in words), addition, or jsonl with --data (default: ${DEFAULT-VALUE}).")
    private String name;

    @Option(
            names = "--data",
            paramLabel = "FILE",
            description = "JSONL with 'prompt' and 'answer' per line; the reward is 1 for exactly the answer.")
    private Optional<Path> data = Optional.empty();

    /** Fails for a name that is no task. */
    void check(CliCommand command) {
        if (!List.of("countdown", "countdown-words", "addition", "jsonl").contains(name)) {
            throw command.usage(
                    "unknown task '" + name + "'; use countdown, countdown-words, addition, or --data FILE");
        }
    }

    Optional<Path> data() {
        return data;
    }

    String name() {
        return data.isPresent() ? "jsonl" : name;
    }

    /** The task. */
    Task task() {
        return of(name(), data);
    }

    /** The task of a name, with the data file of {@code jsonl}. */
    static Task of(String name, Optional<Path> data) {
        return switch (name) {
            case "countdown" -> Countdown.small();
            case "countdown-words" -> Countdown.standard();
            case "addition" -> new Addition();
            case "jsonl" -> jsonl(data.orElseThrow(() -> new CliException("--task jsonl needs --data FILE")));
            default ->
                throw new CliException(
                        "unknown task '" + name + "'; use countdown, countdown-words, addition, or --data FILE");
        };
    }

    private static Task jsonl(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new CliException("no such file: " + file + "; --data takes a JSONL file");
        }
        return JsonlTask.of(file);
    }
}
