// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.tensor.Nullable;
import dev.jacobian.transformer.ModelOptions;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What all commands share: the common options, the streams, the order of things. */
@Command(sortOptions = false, usageHelpAutoWidth = true, descriptionHeading = "%n", optionListHeading = "%nOptions:%n")
abstract class CliCommand implements Callable<Integer> {
    private final Streams streams;

    @Option(
            names = {"-h", "--help"},
            order = CommonOptions.FIRST + 7,
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("unused") // picocli asks the option, not the field
    private boolean help;

    @Spec
    private CommandSpec spec;

    @Mixin
    private CommonOptions common;

    CliCommand(Streams streams) {
        this.streams = streams;
    }

    /** What it is called on the command line. */
    final String commandName() {
        return spec.name();
    }

    /** The standard streams. */
    final Streams streams() {
        return streams;
    }

    /** The common options. */
    final CommonOptions common() {
        return common;
    }

    /** The failure of a command line that parses but makes no sense. */
    final ParameterException usage(@Nullable String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    /** Checks what can be checked without work, so that a wrong command line is told at once. */
    void checkUsage() {}

    /** Whether it computes with a model, on a device; otherwise {@code --device} has no meaning for it. */
    boolean computes() {
        return true;
    }

    /** What to compute in unless the options say it: for a command that goes on with what another began. */
    ChosenArithmetic usualArithmetic() {
        return ChosenArithmetic.DEFAULT;
    }

    /** Where and in what to compute with the model of a folder. */
    final ModelOptions modelOptions(Path folder) {
        return common.model(folder, streams);
    }

    /** Commands below this one, by name. */
    Map<String, CliCommand> subcommands() {
        return Map.of();
    }

    /** Does the work and prints the result. */
    abstract void execute();

    @Override
    public final Integer call() {
        checkUsage();
        common.apply(streams, computes(), usualArithmetic());
        execute();
        return ExitCode.DONE;
    }
}
