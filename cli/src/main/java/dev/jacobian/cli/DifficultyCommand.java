// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.rl.promptset.Difficulty;
import dev.jacobian.rl.promptset.PromptTool;
import dev.jacobian.rl.promptset.SampledPrompts;
import dev.jacobian.rl.task.JsonlTask;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code jacobian prompts difficulty}: pass rates. */
@Command(
        name = "difficulty",
        header = "Measure each prompt's pass rate, and keep a range of them.",
        description =
                "A model completes each prompt several times at a rather high temperature; 'pass_rate' is the share"
                        + " that solves it.")
final class DifficultyCommand extends SamplingToolCommand {
    @Option(
            names = "--samples",
            paramLabel = "N",
            defaultValue = "10",
            description = "Completions of each prompt (default: ${DEFAULT-VALUE}).")
    private int samples;

    @Option(
            names = "--max-new-tokens",
            paramLabel = "N",
            defaultValue = "512",
            description = "Most tokens of a completion (default: ${DEFAULT-VALUE}).")
    private int maxNewTokens;

    @Option(
            names = "--lowest",
            paramLabel = "P",
            defaultValue = "0",
            description = "Lowest pass rate that is kept (default: ${DEFAULT-VALUE}).")
    private double lowest;

    @Option(
            names = "--highest",
            paramLabel = "P",
            defaultValue = "1",
            description = "Highest pass rate that is kept (default: ${DEFAULT-VALUE}).")
    private double highest;

    DifficultyCommand(Streams streams) {
        super(streams);
    }

    @Override
    void checkUsage() {
        super.checkUsage();
        if (!(lowest >= 0 && lowest <= highest && highest <= 1)) {
            throw usage("--lowest and --highest are shares between 0 and 1, and the lowest is not above the highest");
        }
    }

    @Override
    int samples() {
        return samples;
    }

    @Override
    int maxNewTokens() {
        return maxNewTokens;
    }

    @Override
    PromptTool tool(SampledPrompts completions, JsonlTask problems) {
        return new Difficulty(completions, problems, lowest, highest);
    }
}
