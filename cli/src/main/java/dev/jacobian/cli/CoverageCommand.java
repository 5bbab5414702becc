// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.promptset.Coverage;
import dev.jacobian.rl.promptset.PromptTool;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code jacobian prompts coverage}: the same share for each tag. */
@Command(
        name = "coverage",
        header = "Keep so many rows, the same share of each tag.",
        description = "What a small tag cannot fill, the others share. --seed draws which rows of a tag are kept.")
final class CoverageCommand extends TextToolCommand {
    @Option(
            names = "--tag",
            paramLabel = "COLUMN",
            required = true,
            description = "Column of the tag: a subject, a source, a pass rate.")
    private String tag;

    @Option(names = "--count", paramLabel = "N", required = true, description = "Rows to keep.")
    private int count;

    CoverageCommand(Streams streams) {
        super(streams);
    }

    @Override
    void checkUsage() {
        super.checkUsage();
        if (count < 1) {
            throw usage("--count must be at least 1");
        }
    }

    @Override
    PromptTool tool(Rows data) {
        return new Coverage(tag, count, common().seed());
    }
}
