// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * One setting of generation as JSON spells it.
 *
 * @param name transformers' name, or vLLM's or OpenAI's where it has none
 * @param type what its value is
 * @param preset the value that is the same as saying nothing, as JSON; empty where there is none
 * @param doc what it means, in one sentence
 */
public record GenerationKey(String name, Type type, String preset, String doc, Setter setter) {
    /** What a value is, and how that is said in messages and in the documentation. */
    public enum Type {
        INTEGER("an integer"),
        NUMBER("a number"),
        BOOLEAN("true or false"),
        TOKEN("a token id"),
        TOKENS("a token id or an array of them"),
        SEQUENCES("an array of arrays of token ids"),
        BIASES("an array of [token ids, number] pairs"),
        BIAS_OF_TOKENS("an object of numbers under token ids"),
        STRINGS("a string or an array of them"),
        DECAY("[start, factor]"),
        EARLY("true, false or \"never\"");

        private final String words;

        Type(String words) {
            this.words = words;
        }

        /** Whether a value names ids of tokens, which a model may lack. */
        public boolean namesTokens() {
            return switch (this) {
                case TOKEN, TOKENS, SEQUENCES, BIASES, BIAS_OF_TOKENS -> true;
                default -> false;
            };
        }

        /** Such as {@code a number}. */
        public String words() {
            return words;
        }
    }

    /** Puts a value where it belongs. */
    @FunctionalInterface
    public interface Setter {
        /**
         * Sets it.
         *
         * @throws IllegalArgumentException if the value is of another type
         */
        void set(GenerationConfigBuilder builder, JsonNode value);
    }
}
