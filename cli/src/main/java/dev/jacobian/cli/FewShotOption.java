// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.rl.evaluation.FewShotTask;
import dev.jacobian.rl.evaluation.Shot;
import dev.jacobian.rl.task.Task;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Solved examples before each problem. */
final class FewShotOption {
    @Option(names = "--few-shot", paramLabel = "N", description = "Show N solved examples before each problem.")
    private Optional<Integer> count = Optional.empty();

    @Option(
            names = "--few-shot-data",
            paramLabel = "FILE",
            description =
                    "Where they are from: JSONL with 'prompt' and 'completion', or 'messages'; the first N rows that"
                            + " ask something else than the problem.")
    private Optional<Path> data = Optional.empty();

    @Option(
            names = "--few-shot-separator",
            paramLabel = "TEXT",
            description = "What stands behind each example that is a text (default: an empty line).")
    private Optional<String> separator = Optional.empty();

    void check(CliCommand command) {
        if (count.orElse(1) < 1) {
            throw command.usage("--few-shot must be at least 1");
        }
        if (count.isPresent() != data.isPresent()) {
            throw command.usage("--few-shot N and --few-shot-data FILE go together");
        }
    }

    /** Whether there are to be some. */
    boolean isGiven() {
        return count.isPresent() || data.isPresent();
    }

    /** The task behind its examples, if there are any. */
    Task before(Task task) {
        if (count.isEmpty() || data.isEmpty()) {
            return task;
        }
        if (!Files.isRegularFile(data.get())) {
            throw new CliException("no such file: " + data.get() + "; --few-shot-data takes a JSONL file");
        }
        try {
            return new FewShotTask(task, Shot.read(data.get()), count.get(), separator.orElse("\n\n"));
        } catch (IllegalArgumentException wrong) {
            throw new CliException(data.get() + ": " + wrong.getMessage(), wrong);
        }
    }
}
