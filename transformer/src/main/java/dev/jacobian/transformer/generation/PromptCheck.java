// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.transformer.CausalLM;

/** Refuses prompts that a model cannot continue. */
final class PromptCheck {
    private PromptCheck() {}

    /**
     * Looks at one.
     *
     * @param limit of new tokens, those that continue the prompt already included
     * @param name of the prompt, for messages
     * @throws IllegalArgumentException if it is empty, has ids that are no tokens, has ended or leaves too few positions
     */
    static void require(CausalLM model, Prefix prefix, int limit, String name) {
        int[] prompt = prefix.tokens();
        int continued = prefix.continued();
        requireTokens(model, prompt, name);
        if (continued >= limit) {
            throw new IllegalArgumentException(
                    name + " is continued by " + continued + " tokens already, of " + limit + " at most; it has ended");
        }
        if ((long) prompt.length - continued + limit > model.config().maxPositions()) {
            throw new IllegalArgumentException(name + " has " + prompt.length + " tokens and " + limit
                    + " new ones are asked for, but the model is made for "
                    + model.config().maxPositions() + " positions; ask for fewer");
        }
    }

    /**
     * Looks at the tokens alone.
     *
     * @throws IllegalArgumentException if there are none, or ids that are no tokens
     */
    static void requireTokens(CausalLM model, int[] prompt, String name) {
        int vocabulary = model.config().vocabularySize();
        if (prompt.length == 0) {
            throw new IllegalArgumentException(name + " is empty; begin with at least one token (such as BOS)");
        }
        for (int token : prompt) {
            if (token < 0 || token >= vocabulary) {
                throw new IllegalArgumentException(
                        name + " has token id " + token + ", the vocabulary has " + vocabulary);
            }
        }
    }
}
