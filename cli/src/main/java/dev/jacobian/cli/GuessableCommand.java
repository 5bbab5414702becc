// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.rl.promptset.EasyToGuess;
import dev.jacobian.rl.promptset.PromptTool;
import dev.jacobian.rl.promptset.SampledPrompts;
import dev.jacobian.rl.task.JsonlTask;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code jacobian prompts guessable}: prompts that can be hacked. */
@Command(
        name = "guessable",
        header = "Drop prompts whose answer a model guesses without reasoning.",
        description = "A model is asked for the answer alone, several times; a prompt goes if one guess is right.")
final class GuessableCommand extends SamplingToolCommand {
    @Option(
            names = "--guesses",
            paramLabel = "N",
            defaultValue = "8",
            description = "Guesses of each prompt (default: ${DEFAULT-VALUE}).")
    private int guesses;

    @Option(
            names = "--max-new-tokens",
            paramLabel = "N",
            defaultValue = "48",
            description = "Most tokens of a guess, too few to reason (default: ${DEFAULT-VALUE}).")
    private int maxNewTokens;

    @Option(
            names = "--instruction",
            paramLabel = "TEXT",
            description = "Written behind each prompt (default: it asks for the answer between <answer> tags only).")
    private String instruction = EasyToGuess.INSTRUCTION;

    GuessableCommand(Streams streams) {
        super(streams);
    }

    @Override
    int samples() {
        return guesses;
    }

    @Override
    int maxNewTokens() {
        return maxNewTokens;
    }

    @Override
    PromptTool tool(SampledPrompts completions, JsonlTask problems) {
        return new EasyToGuess(completions, problems, instruction);
    }
}
