// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import static dev.jacobian.transformer.generation.Checks.require;

import java.util.OptionalInt;

/**
 * How long continuations may and must be.
 *
 * @param maxNewTokens limit of new tokens, at least 1
 * @param maxLength limit of prompt and continuation together; wins over the default of {@code maxNewTokens}
 * @param minNewTokens new tokens before which no end token is chosen
 * @param minLength tokens of prompt and continuation together before which no end token is chosen
 */
public record LengthConfig(OptionalInt maxNewTokens, OptionalInt maxLength, int minNewTokens, int minLength) {
    /** The limit of new tokens unless one is set. */
    public static final int DEFAULT_MAX_NEW_TOKENS = 256;

    public LengthConfig {
        maxNewTokens.ifPresent(n -> require(n >= 1, "max_new_tokens must be at least 1, got " + n));
        maxLength.ifPresent(n -> require(n >= 2, "max_length counts the prompt too and must be at least 2, got " + n));
        require(
                maxNewTokens.isEmpty() || maxLength.isEmpty(),
                "max_new_tokens and max_length are two limits of one thing; set one of them");
        require(minNewTokens >= 0, "min_new_tokens must not be negative, got " + minNewTokens);
        require(minLength >= 0, "min_length must not be negative, got " + minLength);
        maxNewTokens.ifPresent(most -> require(
                minNewTokens <= most, "min_new_tokens " + minNewTokens + " is more than max_new_tokens " + most));
        maxLength.ifPresent(
                most -> require(minLength <= most, "min_length " + minLength + " is more than max_length " + most));
    }

    /**
     * The limit of new tokens behind a prompt.
     *
     * @throws IllegalArgumentException if a prompt is as long as {@code max_length} already
     */
    public int newTokens(int promptLength) {
        if (maxLength.isEmpty()) {
            return maxNewTokens.orElse(DEFAULT_MAX_NEW_TOKENS);
        }
        int room = maxLength.getAsInt() - promptLength;
        require(
                room >= 1,
                "max_length " + maxLength.getAsInt() + " counts the prompt, which has " + promptLength
                        + " tokens already; set max_new_tokens instead");
        return room;
    }
}
