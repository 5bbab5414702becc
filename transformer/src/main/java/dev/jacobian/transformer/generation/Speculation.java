// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.tensor.Nullable;
import dev.jacobian.transformer.CausalLM;

/**
 * Where the guesses of a {@link SpeculativeGenerator} come from, with transformers' names.
 *
 * @param assistantModel a smaller model with the same tokenizer; null to look in the prompt
 * @param numAssistantTokens tokens that are guessed at a time ({@code num_assistant_tokens}, {@code prompt_lookup_num_tokens})
 * @param maxMatchingNgramSize tokens that are looked up in the prompt, at most; without a model
 */
public record Speculation(@Nullable CausalLM assistantModel, int numAssistantTokens, int maxMatchingNgramSize) {
    /** Tokens that are guessed unless told otherwise. Transformers guesses up to 20 and stops where its model is not sure. */
    public static final int DEFAULT_TOKENS = 5;

    /** Tokens that are looked up unless told otherwise, as in transformers. */
    public static final int DEFAULT_NGRAM = 2;

    public Speculation {
        require(numAssistantTokens >= 1, "num_assistant_tokens must be at least 1, got " + numAssistantTokens);
        require(maxMatchingNgramSize >= 1, "max_matching_ngram_size must be at least 1, got " + maxMatchingNgramSize);
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }

    /** Guesses of a smaller model. */
    public static Speculation assistant(CausalLM model, int numAssistantTokens) {
        return new Speculation(model, numAssistantTokens, DEFAULT_NGRAM);
    }

    /** What followed the same tokens before. */
    public static Speculation promptLookup(int numTokens, int maxMatchingNgramSize) {
        return new Speculation(null, numTokens, maxMatchingNgramSize);
    }

    /**
     * Refuses a model whose tokens mean something else.
     *
     * @throws IllegalArgumentException if an id stands for another token there, or only one of the models has a tokenizer, or neither
     *     has and their vocabularies differ in size
     */
    void requireSameTokens(CausalLM model) {
        if (assistantModel == null) {
            return;
        }
        String fix = "; an assistant model must come with the tokenizer of the model that it assists";
        require(
                model.hasTokenizer() == assistantModel.hasTokenizer(),
                "the " + (model.hasTokenizer() ? "assistant model" : "model") + " has no tokenizer.json" + fix);
        if (!model.hasTokenizer()) {
            int own = model.config().vocabularySize();
            int other = assistantModel.config().vocabularySize();
            require(own == other, "the model has " + own + " tokens and the assistant model " + other + fix);
            return;
        }
        int ids =
                Math.max(model.tokenizer().idLimit(), assistantModel.tokenizer().idLimit());
        for (int id = 0; id < ids; id++) {
            String own = model.tokenizer().tokenOf(id).orElse("nothing");
            String other = assistantModel.tokenizer().tokenOf(id).orElse("nothing");
            require(
                    own.equals(other),
                    "token " + id + " is '" + own + "' for the model and '" + other + "' for the assistant model"
                            + fix);
        }
    }
}
