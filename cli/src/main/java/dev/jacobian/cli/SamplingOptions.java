// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.transformer.generation.GenerationConfigBuilder;
import java.util.Optional;
import picocli.CommandLine.Option;

/** How the next token is chosen; what is not given is off. */
final class SamplingOptions {
    @Option(names = "--temperature", paramLabel = "T", description = "Divide logits by T before sampling (default: 1).")
    private Optional<Float> temperature = Optional.empty();

    @Option(names = "--top-k", paramLabel = "K", description = "Sample from the K likeliest tokens (default: all).")
    private Optional<Integer> topK = Optional.empty();

    @Option(
            names = "--top-p",
            paramLabel = "P",
            description = "Sample from the likeliest tokens that together have probability P (default: all).")
    private Optional<Float> topP = Optional.empty();

    @Option(
            names = "--min-p",
            paramLabel = "P",
            description = "Drop tokens less likely than P times the likeliest (default: none).")
    private Optional<Float> minP = Optional.empty();

    @Option(
            names = "--repetition-penalty",
            paramLabel = "F",
            description = "Make tokens that already occur less likely, F > 1 (default: 1, off).")
    private Optional<Float> repetitionPenalty = Optional.empty();

    /** Whether anything was given that only sampling heeds. */
    boolean given() {
        return temperature.isPresent() || topK.isPresent() || topP.isPresent() || minP.isPresent();
    }

    GenerationConfigBuilder applyTo(GenerationConfigBuilder builder) {
        temperature.ifPresent(builder::temperature);
        topK.ifPresent(builder::topK);
        topP.ifPresent(builder::topP);
        minP.ifPresent(builder::minP);
        repetitionPenalty.ifPresent(builder::repetitionPenalty);
        return builder;
    }
}
