// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static dev.jacobian.rl.config.Checks.require;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.spill.ListView;
import dev.jacobian.rl.config.Automatic;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.sft.SftDataset;
import dev.jacobian.rl.sft.SftExample;
import java.util.List;
import java.util.stream.IntStream;

/** What of a demonstration is learned, and how several share a sequence. */
public record DemonstrationRows(
        @Setting(value = "null", doc = "learn only the completion; null: of rows that have one")
        Automatic completionOnlyLoss,

        @Setting(
                value = "false",
                doc = "of conversations learn only what the assistant says; the chat template must mark it with"
                        + " {% generation %}")
        boolean assistantOnlyLoss,

        @Setting(value = "false", doc = "several examples share a sequence of max_length tokens")
        boolean packing,

        @Setting(
                value = "bfd",
                doc = "bfd: whole examples, which do not see each other; wrapped: one stream, cut anywhere")
        Packing.Strategy packingStrategy) {
    public DemonstrationRows {
        require(
                !(packing && packingStrategy == Packing.Strategy.WRAPPED && assistantOnlyLoss),
                "packing_strategy=wrapped cuts conversations anywhere; use bfd with assistant_only_loss");
    }

    /** Whether examples are cut anywhere. */
    boolean isWrapped() {
        return packing && packingStrategy == Packing.Strategy.WRAPPED;
    }

    Demonstration encode(SftExample example, RowEncoder encoder) {
        return new Demonstration(List.of(encoder.demonstration(example, learnsPrompt(example))));
    }

    Demonstration encode(SftDataset data, SftExample example, RowEncoder encoder) {
        try {
            return encode(example, encoder);
        } catch (FormatException bad) {
            throw new FormatException(data.source(example), bad.what(), bad.fix(), bad);
        }
    }

    private boolean learnsPrompt(SftExample example) {
        if (example.isText() && completionOnlyLoss == Automatic.TRUE) {
            throw new FormatException(
                    "the example",
                    "completion_only_loss=true needs a prompt and a completion, and this is 'text'",
                    "Give 'prompt' and 'completion', or leave completion_only_loss out");
        }
        return example.isText() || !completionOnlyLoss.or(true);
    }

    List<Demonstration> arrange(List<Demonstration> examples, int maxLength) {
        int[] places = IntStream.range(0, examples.size())
                .filter(i -> examples.get(i).labels() > 0) // max_length may leave nothing
                .toArray();
        List<Demonstration> teaching = ListView.at(examples, places);
        return packing ? Packing.pack(teaching, packingStrategy, maxLength) : teaching;
    }
}
