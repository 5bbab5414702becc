// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.io.FormatException;
import dev.jacobian.rl.sft.ExampleTokens;
import dev.jacobian.rl.sft.SftExample;
import dev.jacobian.rl.sft.SftRows;
import dev.jacobian.transformer.CausalLM;
import java.util.Optional;

/**
 * Finds demonstrations that a model cannot learn from, before a run begins: those that are too long for it, and those in which
 * no token predicts another.
 */
public final class ExampleCheck {
    private final ExampleTokens tokens;
    private final int limit;
    private final String limits;

    /**
     * @param model what is trained
     * @param config how long an example may be, and what of it is learned
     */
    public ExampleCheck(CausalLM model, OfflineConfig config) {
        boolean cuts = config.truncationMode() == TruncationMode.KEEP_START;
        int maxLength = config.maxLength().orElse(Integer.MAX_VALUE);
        int positions = model.config().maxPositions();
        tokens = new ExampleTokens(
                model, config.method() instanceof Sft sft && sft.assistantOnlyLoss(), Optional.empty());
        limit = cuts && maxLength <= positions ? Integer.MAX_VALUE : Math.min(maxLength, positions);
        limits = maxLength <= positions
                ? "max_length " + maxLength
                : "the model's " + positions + " positions (max_length is " + maxLength + ")";
    }

    /** What is wrong with an example, if anything is; {@link SftRows#without} takes this. */
    public Optional<String> objection(SftExample example) {
        try {
            return objection(tokens.encode(example));
        } catch (FormatException e) {
            return Optional.of(e.what());
        }
    }

    private Optional<String> objection(ExampleTokens.Encoded encoded) {
        if (encoded.tokens().length > limit) {
            return Optional.of("the example has " + encoded.tokens().length + " tokens, more than " + limits);
        }
        return encoded.teaches()
                ? Optional.empty()
                : Optional.of(
                        "there is no token to learn from: nothing is said, or nothing that another token predicts");
    }
}
