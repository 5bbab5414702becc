// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.Printable;
import dev.jacobian.rl.reward.RewardException;
import dev.jacobian.tensor.DeviceException;
import dev.jacobian.tensor.Nullable;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Failures as one line and an exit code.
 *
 * <p>Exceptions that Jacobian throws on purpose carry a message for the user and are shown by it alone. Anything else is a
 * defect of Jacobian and is called one, with the way to the stack trace.
 */
final class Failures {
    private static final int MAX_MESSAGE = 4000;

    private final PrintStream err;
    private final boolean debug;

    Failures(PrintStream err, boolean debug) {
        this.err = err;
        this.debug = debug;
    }

    /** Reports a failure of the work itself. */
    int report(Throwable thrown) {
        if (thrown instanceof ParameterException usage) {
            return reportUsage(usage);
        }
        if (thrown instanceof InterruptedException) {
            print("interrupted", thrown);
            return ExitCode.INTERRUPTED;
        }
        print(describe(thrown), thrown);
        return ExitCode.FAILED;
    }

    /** Reports a wrong command line. */
    int reportUsage(ParameterException exception) {
        CommandLine command = exception.getCommandLine();
        String name = command.getCommandSpec().qualifiedName();
        // A slip in a required option is reported by picocli as the option's absence; the slip says more.
        List<String> unmatched = command.getUnmatchedArguments();
        String message = unmatched.isEmpty() ? message(exception) : describeUnmatched(command, unmatched);
        String closed = message.endsWith("?") ? message : sentence(message) + ".";
        print(closed + " See '" + name + " --help'.", exception);
        return ExitCode.USAGE;
    }

    private static String describeUnmatched(CommandLine command, List<String> unmatched) {
        String first = unmatched.getFirst();
        boolean option = first.startsWith("-");
        boolean root = command.getParent() == null;
        String kind = option ? "unknown option" : root ? "unknown command" : "unexpected argument";
        List<String> similar = option || root
                ? new UnmatchedArgumentException(command, unmatched)
                        .getSuggestions().stream().limit(option ? 2 : 1).toList()
                : List.of();
        return kind + " '" + first + "'"
                + (similar.isEmpty() ? "" : "; did you mean " + String.join(" or ", similar) + "?");
    }

    private void print(String message, Throwable thrown) {
        String line = Printable.of(message.replaceAll("\\s*\\R\\s*", " "));
        err.println(
                "jacobian: error: " + (line.length() <= MAX_MESSAGE ? line : line.substring(0, MAX_MESSAGE) + " ..."));
        if (debug) {
            StringWriter trace = new StringWriter();
            thrown.printStackTrace(new PrintWriter(trace, true));
            err.print(Printable.of(trace.toString()));
        }
    }

    /** What the user is told of a failure. */
    static String describe(Throwable thrown) {
        return switch (thrown) {
            case CliException e -> message(e);
            case FormatException e -> message(e);
            case RewardException e -> message(e);
            case DeviceException e -> message(e);
            case UncheckedIOException e -> describeIo(e.getMessage(), Objects.requireNonNull(e.getCause()));
            case IOException e -> describeIo(e.toString(), e);
            case OutOfMemoryError e -> outOfMemory(e);
            case InvalidPathException e -> "'" + e.getInput() + "' cannot be the name of a file here: " + e.getReason();
            case IllegalArgumentException e when hasMessage(e) -> message(e);
            case IllegalStateException e when hasMessage(e) -> message(e);
            case UnsupportedOperationException e when hasMessage(e) -> message(e);
            default ->
                "a defect in Jacobian: " + thrown
                        + ". Please report it with the output of the same command with --debug";
        };
    }

    private static String message(Throwable thrown) {
        return String.valueOf(thrown.getMessage());
    }

    private static boolean hasMessage(Throwable thrown) {
        return thrown.getMessage() != null && !thrown.getMessage().isBlank();
    }

    /** The file system's exceptions say the path only; the reason is in their class. */
    private static String describeIo(@Nullable String message, IOException cause) {
        String reason = switch (cause) {
            case NoSuchFileException e -> "no such file: " + e.getFile();
            case AccessDeniedException e -> "permission denied: " + e.getFile();
            default -> cause.getMessage() == null ? cause.toString() : cause.getMessage();
        };
        if (message == null || message.equals(cause.toString())) {
            return reason;
        }
        return message.contains(reason) || message.contains(String.valueOf(cause.getMessage()))
                ? message
                : message + ": " + reason;
    }

    private static String outOfMemory(OutOfMemoryError error) {
        double heap = Runtime.getRuntime().maxMemory() / 0x1p30;
        return String.format(
                Locale.ROOT,
                "out of memory (%s): this needs more than the %.2f GiB that the heap may grow to. Give it more with"
                        + " -Xmx, for instance JACOBIAN_JAVA_OPTS=-Xmx%dg, or use shorter or fewer sequences",
                error.getMessage(),
                heap,
                (long) Math.ceil(2 * heap));
    }

    private static String sentence(String message) {
        String trimmed = message.strip();
        return trimmed.endsWith(".") ? trimmed.substring(0, trimmed.length() - 1) : trimmed;
    }
}
