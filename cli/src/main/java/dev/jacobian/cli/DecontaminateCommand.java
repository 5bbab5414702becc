// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.promptset.Decontamination;
import dev.jacobian.rl.promptset.PromptTool;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code jacobian prompts decontaminate}: nothing of what is measured on. */
@Command(
        name = "decontaminate",
        header = "Drop prompts that share runs of words with other sets.",
        description = "Words are compared in lower case, without punctuation; 'overlap' is the share of a prompt's runs"
                + " that the sets have.")
final class DecontaminateCommand extends TextToolCommand {
    @Option(
            names = "--against",
            paramLabel = "PATH",
            required = true,
            description = "Data to stay clear of, by its 'prompt', 'question' or 'problem'; several times for several.")
    private List<Path> against = new ArrayList<>();

    @Option(names = "--split-against", paramLabel = "NAME", description = "Its split, where it is a folder.")
    private Optional<String> split = Optional.empty();

    @Option(
            names = "--words",
            paramLabel = "N",
            defaultValue = "8",
            description = "Words of a run (default: ${DEFAULT-VALUE}).")
    private int words;

    @Option(
            names = "--most",
            paramLabel = "P",
            defaultValue = "0",
            description = "Share of a prompt's runs that may be found there (default: ${DEFAULT-VALUE}).")
    private double most;

    DecontaminateCommand(Streams streams) {
        super(streams);
    }

    @Override
    void checkUsage() {
        super.checkUsage();
        if (words < 1 || !(most >= 0 && most < 1)) {
            throw usage("--words must be at least 1, and --most from 0 to below 1");
        }
    }

    @Override
    PromptTool tool(Rows data) {
        List<Rows> sets = against.stream()
                .map(path -> DataOption.existing(new Rows(path, split, Map.of()), "--against"))
                .toList();
        return new Decontamination(sets, words, most);
    }
}
