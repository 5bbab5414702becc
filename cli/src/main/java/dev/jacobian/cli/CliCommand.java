// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

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
    private boolean help;

    @Spec
    private CommandSpec spec;

    @Mixin
    private CommonOptions common;

    CliCommand(Streams streams) {
        this.streams = streams;
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
    final ParameterException usage(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    /** Checks what can be checked without work, so that a wrong command line is told at once. */
    void checkUsage() {}

    /** Whether it computes with a model, on a device; otherwise {@code --device} has no meaning for it. */
    boolean computes() {
        return true;
    }

    /** Does the work and prints the result. */
    abstract void execute();

    @Override
    public final Integer call() {
        checkUsage();
        common.apply(streams, computes());
        execute();
        return ExitCode.DONE;
    }
}
