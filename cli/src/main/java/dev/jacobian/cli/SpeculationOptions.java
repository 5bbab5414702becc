// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.Speculation;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;
import picocli.CommandLine.Option;

/** Where guesses of the next tokens come from, with transformers' names; they change how long it takes and nothing else. */
final class SpeculationOptions {
    @Option(
            names = "--assistant-model",
            paramLabel = "DIR",
            description =
                    "A smaller model with the same tokenizer, which guesses tokens for this one to check several at a"
                            + " time. The result stays the same to the bit.")
    private Optional<Path> assistantModel = Optional.empty();

    @Option(
            names = "--num-assistant-tokens",
            paramLabel = "N",
            description = "Tokens that the assistant model guesses at a time (default: 5).")
    private Optional<Integer> numAssistantTokens = Optional.empty();

    @Option(
            names = "--prompt-lookup-num-tokens",
            paramLabel = "N",
            description =
                    "Guess that what followed the last tokens before follows again, up to N tokens. The result stays"
                            + " the same to the bit.")
    private Optional<Integer> promptLookupNumTokens = Optional.empty();

    @Option(
            names = "--max-matching-ngram-size",
            paramLabel = "N",
            description = "How many of the last tokens are looked up, at most (default: 2).")
    private Optional<Integer> maxMatchingNgramSize = Optional.empty();

    /** Whether tokens are to be guessed. */
    boolean given() {
        return assistantModel.isPresent() || promptLookupNumTokens.isPresent();
    }

    /** What is wrong with the options as they were given. */
    Optional<String> fault() {
        if (assistantModel.isPresent() && promptLookupNumTokens.isPresent()) {
            return Optional.of("--assistant-model and --prompt-lookup-num-tokens exclude each other");
        }
        if (numAssistantTokens.isPresent() && assistantModel.isEmpty()) {
            return Optional.of("--num-assistant-tokens is about --assistant-model, which is not there");
        }
        if (maxMatchingNgramSize.isPresent() && promptLookupNumTokens.isEmpty()) {
            return Optional.of("--max-matching-ngram-size is about --prompt-lookup-num-tokens, which is not there");
        }
        boolean counts = numAssistantTokens.orElse(1) >= 1
                && promptLookupNumTokens.orElse(1) >= 1
                && maxMatchingNgramSize.orElse(1) >= 1;
        return counts ? Optional.empty() : Optional.of("numbers of tokens to guess and to look up must be at least 1");
    }

    /**
     * What was asked for.
     *
     * @param load loads the assistant model
     */
    Optional<Speculation> speculation(Function<Path, CausalLM> load) {
        return assistantModel
                .map(folder -> Speculation.assistant(
                        load.apply(folder), numAssistantTokens.orElse(Speculation.DEFAULT_TOKENS)))
                .or(() -> promptLookupNumTokens.map(
                        n -> Speculation.promptLookup(n, maxMatchingNgramSize.orElse(Speculation.DEFAULT_NGRAM))));
    }
}
