// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sft;

import dev.jacobian.io.FormatException;
import dev.jacobian.transformer.CausalLM;
import java.util.List;
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
    public ExampleCheck(CausalLM model, SftConfig config) {
        int maxLength = config.maxLength();
        int positions = model.config().maxPositions();
        tokens = new ExampleTokens(model, config.assistantOnlyLoss());
        limit = Math.min(maxLength, positions);
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

    /**
     * Encodes an example that was checked, or is checked now because it was made up.
     *
     * @throws FormatException naming the example
     */
    ExampleTokens.Encoded encode(SftDataset data, SftExample example) {
        ExampleTokens.Encoded encoded = tokensOf(data, example);
        objection(encoded).ifPresent(wrong -> {
            throw new FormatException(
                    data.source(example),
                    wrong,
                    "Shorten it, raise max_length, or leave such rows out (--skip-bad-rows)");
        });
        return encoded;
    }

    private ExampleTokens.Encoded tokensOf(SftDataset data, SftExample example) {
        try {
            return tokens.encode(example);
        } catch (FormatException e) {
            throw new FormatException(data.source(example), e.what(), e.fix(), e);
        }
    }

    /**
     * Checks examples and finds the longest.
     *
     * @return its tokens, at least 2
     * @throws FormatException naming the first bad one, by file and row if it is from a file
     */
    int longest(SftDataset data, List<SftExample> examples) {
        int longest = 2;
        for (SftExample example : examples) {
            longest = Math.max(longest, encode(data, example).tokens().length);
        }
        return longest;
    }
}
