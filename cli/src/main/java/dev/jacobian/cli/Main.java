// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The {@code jacobian} command. */
@Command(name = "jacobian", mixinStandardHelpOptions = true, description = "Tensors, transformers and RL in pure Java.")
public final class Main implements Runnable {

    @Override
    public void run() {
        new CommandLine(this).usage(System.out);
    }

    /** Runs the command and exits with its code. */
    public static void main(String[] args) {
        System.exit(new CommandLine(new Main()).execute(args));
    }
}
