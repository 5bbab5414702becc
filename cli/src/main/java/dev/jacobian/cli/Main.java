// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** The process of the {@code jacobian} command: real streams in, an exit code out. Everything else is in {@link Cli}. */
public final class Main {
    private Main() {}

    /** Runs the command and exits with its code. */
    public static void main(String[] args) {
        // Text is UTF-8 whatever the locale says: token ids must not depend on an environment variable.
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
        PrintStream err = new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
        int code = Cli.run(args, new FileInputStream(FileDescriptor.in), out, err);
        System.exit(code);
    }
}
