// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.rl.offline.Kto;
import picocli.CommandLine.Command;

/** {@code jacobian kto}. */
@Command(
        name = "kto",
        header = "Train a model on completions that somebody liked or did not.",
        description = "A row has 'prompt', 'completion' and 'label' (true or false), or is a pair with 'chosen' and"
                + " 'rejected'.")
final class KtoCommand extends OfflineCommand {
    KtoCommand(Streams streams) {
        super(streams, Kto.DEFAULT);
    }
}
