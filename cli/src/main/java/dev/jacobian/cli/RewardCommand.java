// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.rl.offline.BradleyTerry;
import dev.jacobian.rl.offline.OfflineMethod;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code jacobian reward}. */
@Command(
        name = "reward",
        header = "Train a reward model: on pairs of which one was preferred, or on judged answers.",
        description = {
            "pairs (Bradley and Terry) and preference (general preferences, also circular ones) have rows with 'chosen'"
                    + " and 'rejected', as strings or as lists of messages, perhaps behind a 'prompt', and perhaps a"
                    + " 'margin'. outcome has rows with 'prompt', 'completion' and 'label' (true or false), or 'score'"
                    + " with --loss-type regression. Rows longer than max_length are left out.",
            "--model is a model whose head scores (LlamaForSequenceClassification and the like), or a language model,"
                    + " which gets such a head; the result is one too. rl --reward-model DIR learns from it."
        })
final class RewardCommand extends OfflineCommand {
    @Option(names = "--method", paramLabel = "NAME", description = "pairs, outcome or preference (default: pairs).")
    private Optional<String> method = Optional.empty();

    RewardCommand(Streams streams) {
        super(streams, BradleyTerry.DEFAULT);
    }

    @Override
    void checkUsage() {
        if (named().isEmpty()) {
            throw usage("--method '" + method.orElse("") + "' is unknown; use pairs, outcome or preference");
        }
        super.checkUsage();
    }

    private Optional<OfflineMethod<?>> named() {
        return method.isEmpty()
                ? savedMethod("reward")
                : subMethod("reward", method.get().equals("pairs") ? "" : method.get());
    }

    @Override
    OfflineMethod<?> usual() {
        return named().orElse(super.usual());
    }
}
