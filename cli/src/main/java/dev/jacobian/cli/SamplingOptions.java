// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.FloatNode;
import com.fasterxml.jackson.databind.node.IntNode;
import dev.jacobian.transformer.generation.GenerationConfigBuilder;
import dev.jacobian.transformer.generation.GenerationSettings;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Option;

/** How the next token is chosen; what is not given is off. */
final class SamplingOptions {
    /** What a model may recommend and a conversation does not heed: searches, and limits, of which it has its own. */
    private static final Set<String> NOT_HEEDED = Set.of(
            "num_beams",
            "num_return_sequences",
            "length_penalty",
            "early_stopping",
            "penalty_alpha",
            "top_logprobs",
            "max_length",
            "max_new_tokens");

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

    /**
     * A model's own recommendations, as far as conversations heed them, with these options over them.
     *
     * @throws dev.jacobian.io.FormatException if an option has no effect beside {@code greedy}
     */
    GenerationSettings over(GenerationSettings recommended, boolean greedy) {
        GenerationSettings settings = recommended.withoutRecommended(NOT_HEEDED);
        temperature.ifPresent(t -> settings.set("temperature", FloatNode.valueOf(t), "--temperature"));
        topK.ifPresent(k -> settings.set("top_k", IntNode.valueOf(k), "--top-k"));
        topP.ifPresent(p -> settings.set("top_p", FloatNode.valueOf(p), "--top-p"));
        minP.ifPresent(p -> settings.set("min_p", FloatNode.valueOf(p), "--min-p"));
        repetitionPenalty.ifPresent(
                f -> settings.set("repetition_penalty", FloatNode.valueOf(f), "--repetition-penalty"));
        if (greedy) {
            settings.set("do_sample", BooleanNode.FALSE, "--greedy");
        }
        return settings;
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
