// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.rl.offline.Bco;
import picocli.CommandLine.Command;

/** {@code jacobian bco}. */
@Command(
        name = "bco",
        header = "Train a model as a classifier of completions that somebody liked or did not.",
        description = "A row has 'prompt', 'completion' and 'label' (true or false), or is a pair with 'chosen' and"
                + " 'rejected'.")
final class BcoCommand extends OfflineCommand {
    BcoCommand(Streams streams) {
        super(streams, Bco.DEFAULT);
    }
}
