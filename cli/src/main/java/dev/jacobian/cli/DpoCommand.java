// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.rl.offline.Dpo;
import picocli.CommandLine.Command;

/** {@code jacobian dpo}. */
@Command(
        name = "dpo",
        header = "Train a model on pairs of which one was preferred: DPO and its relatives.",
        description =
                "A row has 'prompt', 'chosen' and 'rejected', as strings or as lists of messages; without 'prompt' it"
                        + " is what both begin with. The reference policy is the model as it is at first. --loss-type"
                        + " names one of the family (sigmoid, hinge, ipo, robust, exo_pair, nca_pair, sppo_hard, aot,"
                        + " apo_zero, discopop …) or several.")
final class DpoCommand extends OfflineCommand {
    DpoCommand(Streams streams) {
        super(streams, Dpo.DEFAULT);
    }
}
