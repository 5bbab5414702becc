// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.rl.selection.Selection;
import dev.jacobian.rl.selection.ShortestCorrect;
import picocli.CommandLine.Command;

/** {@code jacobian long2short shortest}: shortest rejection sampling. */
@Command(
        name = "shortest",
        header = "Shortest rejection sampling: demonstrations of the shortest right completions.",
        description = "A model completes each problem several times, and the shortest completion that is right becomes"
                + " a row with 'prompt' and 'completion' for jacobian sft.",
        footer = {
            "%nExample:",
            "  jacobian long2short shortest --model LONG --data train.jsonl --reward math --out short.jsonl",
            "  jacobian sft --model LONG --data short.jsonl"
        })
final class ShortestCommand extends SelectionCommand {
    ShortestCommand(Streams streams) {
        super(streams);
    }

    @Override
    Selection selection() {
        return new ShortestCorrect();
    }
}
