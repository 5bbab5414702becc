// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.promptset.Duplicates;
import dev.jacobian.rl.promptset.PromptTool;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code jacobian prompts duplicates}: each prompt once. */
@Command(
        name = "duplicates",
        header = "Keep one of several prompts that say the same, the first.",
        description =
                "Copies but for case and punctuation, and near ones: of the runs of three words that either has, both"
                        + " have so many.")
final class DuplicatesCommand extends TextToolCommand {
    @Option(
            names = "--similarity",
            paramLabel = "P",
            defaultValue = "0.8",
            description = "Share of runs from which on two are near (default: ${DEFAULT-VALUE}).")
    private double similarity;

    DuplicatesCommand(Streams streams) {
        super(streams);
    }

    @Override
    void checkUsage() {
        super.checkUsage();
        if (!(similarity > 0 && similarity <= 1)) {
            throw usage("--similarity must lie above 0 and be 1 at most");
        }
    }

    @Override
    PromptTool tool(Rows data) {
        return new Duplicates(similarity);
    }
}
