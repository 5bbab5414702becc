// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;

/** {@code jacobian prompts}: the tools for sets of prompts, each a command of its own. */
@Command(
        name = "prompts",
        header = "Make a set of prompts worth learning from.",
        description = "Tools that measure each row of a data set and write those that are worth keeping, with what was"
                + " measured as columns, and a picture of the distribution (Kimi k1.5's; docs/data.md).",
        synopsisSubcommandLabel = "TOOL",
        commandListHeading = "%nTools:%n",
        footer = {"%nExample:", "  jacobian prompts duplicates --data raw.jsonl --out prompts.jsonl"})
final class PromptsCommand extends CliCommand {
    PromptsCommand(Streams streams) {
        super(streams);
    }

    @Override
    Map<String, CliCommand> subcommands() {
        Map<String, CliCommand> tools = new LinkedHashMap<>();
        tools.put("difficulty", new DifficultyCommand(streams()));
        tools.put("guessable", new GuessableCommand(streams()));
        tools.put("formats", new FormatsCommand(streams()));
        tools.put("coverage", new CoverageCommand(streams()));
        tools.put("decontaminate", new DecontaminateCommand(streams()));
        tools.put("duplicates", new DuplicatesCommand(streams()));
        return tools;
    }

    @Override
    boolean computes() {
        return false;
    }

    @Override
    void checkUsage() {
        throw usage("prompts needs a tool: " + String.join(", ", subcommands().keySet()));
    }

    @Override
    void execute() {
        throw new IllegalStateException("a tool does the work");
    }
}
