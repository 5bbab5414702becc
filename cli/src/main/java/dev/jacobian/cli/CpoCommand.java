// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.rl.offline.Cpo;
import picocli.CommandLine.Command;

/** {@code jacobian cpo}. */
@Command(
        name = "cpo",
        header = "Train a model on pairs without a reference: CPO, SimPO, AlphaPO.",
        description =
                "A row has 'prompt', 'chosen' and 'rejected', as strings or as lists of messages. SimPO is --loss-type"
                        + " simpo --set cpo_alpha=0 --set beta=2.")
final class CpoCommand extends OfflineCommand {
    CpoCommand(Streams streams) {
        super(streams, Cpo.DEFAULT);
    }
}
