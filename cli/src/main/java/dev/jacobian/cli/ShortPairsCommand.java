// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.rl.selection.Selection;
import dev.jacobian.rl.selection.ShorterPairs;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code jacobian long2short pairs}: preferences for what is short. */
@Command(
        name = "pairs",
        header = "DPO pairs that prefer short right completions.",
        description = "A model completes each problem several times. Chosen is the shortest right completion; rejected"
                + " is each that is wrong and longer, and each right one that is at least --ratio times as long. Rows"
                + " have 'prompt', 'chosen' and 'rejected' for jacobian dpo.",
        footer = {
            "%nExample:",
            "  jacobian long2short pairs --model LONG --data train.jsonl --reward math --out pairs.jsonl",
            "  jacobian dpo --model LONG --data pairs.jsonl"
        })
final class ShortPairsCommand extends SelectionCommand {
    @Option(
            names = "--ratio",
            paramLabel = "X",
            defaultValue = "" + ShorterPairs.USUAL_RATIO,
            description = "How many times longer a right completion is that is rejected (default: ${DEFAULT-VALUE}).")
    private double ratio;

    ShortPairsCommand(Streams streams) {
        super(streams);
    }

    @Override
    Selection selection() {
        return new ShorterPairs(ratio);
    }
}
