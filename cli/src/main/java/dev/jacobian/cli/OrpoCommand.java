// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.rl.offline.Orpo;
import picocli.CommandLine.Command;

/** {@code jacobian orpo}. */
@Command(
        name = "orpo",
        header = "Train a model on pairs with the odds ratio, without a reference.",
        description = "A row has 'prompt', 'chosen' and 'rejected', as strings or as lists of messages.")
final class OrpoCommand extends OfflineCommand {
    OrpoCommand(Streams streams) {
        super(streams, Orpo.DEFAULT);
    }
}
