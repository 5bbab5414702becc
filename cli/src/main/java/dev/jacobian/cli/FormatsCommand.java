// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.promptset.GuessableFormats;
import dev.jacobian.rl.promptset.PromptTool;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code jacobian prompts formats}: questions by their form. */
@Command(
        name = "formats",
        header = "Drop multiple choice, true or false, and proofs.",
        description = "The form of a question is told by its text and its answer; 'format' says which it is.")
final class FormatsCommand extends TextToolCommand {
    @Option(
            names = "--answer",
            paramLabel = "COLUMN",
            defaultValue = "answer",
            description = "Column with the right answer, where there is one (default: ${DEFAULT-VALUE}).")
    private String answer;

    FormatsCommand(Streams streams) {
        super(streams);
    }

    @Override
    PromptTool tool(Rows data) {
        return new GuessableFormats(answer);
    }
}
