// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.rl.offline.Prm;
import picocli.CommandLine.Command;

/** {@code jacobian prm}. */
@Command(
        name = "prm",
        header = "Train a process reward model: which steps of a solution are right.",
        description = {
            "A row has 'prompt', 'completions' (the steps, as strings) and 'labels' (true or false for each).",
            "--model is a model that classifies tokens (LlamaForTokenClassification and the like, two labels), or a"
                    + " language model, which gets such a head; the result is one too."
        })
final class PrmCommand extends OfflineCommand {
    PrmCommand(Streams streams) {
        super(streams, Prm.DEFAULT);
    }
}
