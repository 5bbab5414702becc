// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.tensor.SamplingFilters;
import dev.jacobian.transformer.generation.processor.LogitsProcessor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How continuations are chosen, with transformers' names.
 *
 * <p>Decisions: nothing is inherited from a checkpoint's generation_config.json except its end tokens; what is not said
 * here is off. The filters apply in transformers' order: repetition penalty, temperature, top-k, top-p, min-p.
 *
 * @param maxNewTokens limit of new tokens, at least 1
 * @param doSample sample; otherwise the most likely token (the first of equals) is taken
 * @param temperature logits are divided by it when sampling
 * @param topK keep the k largest logits (ties with the k-th too); 0 for all
 * @param topP keep the smallest set with this much probability; 1 for all
 * @param minP keep tokens with at least this share of the largest probability; 0 for all
 * @param repetitionPenalty positive logits of tokens already there are divided by it, negative multiplied; 1 for none
 * @param ignoreEos go on after an end token
 * @param seed key of the random numbers
 * @param processors what else shapes each row, in order, before temperature and filters do; each continuation gets its own
 *     ({@link LogitsProcessor#newSequence})
 */
public record GenerationConfig(
        int maxNewTokens,
        boolean doSample,
        float temperature,
        int topK,
        float topP,
        float minP,
        float repetitionPenalty,
        boolean ignoreEos,
        long seed,
        List<LogitsProcessor> processors) {
    public GenerationConfig {
        processors = List.copyOf(processors);
        require(maxNewTokens >= 1, "max_new_tokens must be at least 1, got " + maxNewTokens);
        require(
                temperature > 0 && Float.isFinite(temperature),
                "temperature must be positive, got " + temperature + "; for greedy decoding turn sampling off");
        require(topK >= 0, "top_k must not be negative, got " + topK);
        require(topP > 0 && topP <= 1, "top_p must lie in (0, 1], got " + topP);
        require(minP >= 0 && minP <= 1, "min_p must lie in [0, 1], got " + minP);
        require(
                repetitionPenalty > 0 && Float.isFinite(repetitionPenalty),
                "repetition_penalty must be positive, got " + repetitionPenalty);
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }

    /** The most likely token at each step. */
    public static GenerationConfig greedy(int maxNewTokens) {
        return builder().maxNewTokens(maxNewTokens).doSample(false).build();
    }

    /** Sampling from the model's own distribution. */
    public static GenerationConfig sampling(int maxNewTokens, float temperature, long seed) {
        return builder()
                .maxNewTokens(maxNewTokens)
                .temperature(temperature)
                .seed(seed)
                .build();
    }

    /** Whether anything but the temperature shapes the distribution. */
    boolean filters() {
        return topK > 0 || topP < 1 || minP > 0 || repetitionPenalty != 1;
    }

    /** The filters that shape the distribution when sampling. */
    SamplingFilters samplingFilters() {
        return new SamplingFilters(temperature, topK, topP, minP);
    }

    /**
     * What shapes the rows of one sequence where kernels cannot: all of it in transformers' order, temperature and filters
     * included, so that nothing but the draw is left to do. Nothing if kernels suffice.
     */
    Optional<LogitsProcessor> rowProcessor() {
        if (processors.isEmpty()) {
            return Optional.empty();
        }
        List<LogitsProcessor> all = new ArrayList<>();
        if (repetitionPenalty != 1) {
            all.add((tokens, logits) -> SamplingFilters.penalize(logits, tokens.toArray(), repetitionPenalty));
        }
        all.addAll(processors);
        if (doSample) {
            all.add((tokens, logits) -> System.arraycopy(samplingFilters().apply(logits), 0, logits, 0, logits.length));
        }
        return Optional.of(LogitsProcessor.chain(all));
    }

    /** A builder that starts from sampling 256 tokens at temperature 1 without filters. */
    public static Builder builder() {
        return new Builder();
    }

    /** Builds a {@link GenerationConfig}. */
    public static final class Builder {
        private int maxNewTokens = 256;
        private boolean doSample = true;
        private float temperature = 1f;
        private int topK;
        private float topP = 1f;
        private float minP;
        private float repetitionPenalty = 1f;
        private boolean ignoreEos;
        private long seed;
        private final List<LogitsProcessor> processors = new ArrayList<>();

        private Builder() {}

        public Builder maxNewTokens(int value) {
            maxNewTokens = value;
            return this;
        }

        public Builder doSample(boolean value) {
            doSample = value;
            return this;
        }

        public Builder temperature(float value) {
            temperature = value;
            return this;
        }

        public Builder topK(int value) {
            topK = value;
            return this;
        }

        public Builder topP(float value) {
            topP = value;
            return this;
        }

        public Builder minP(float value) {
            minP = value;
            return this;
        }

        public Builder repetitionPenalty(float value) {
            repetitionPenalty = value;
            return this;
        }

        public Builder ignoreEos(boolean value) {
            ignoreEos = value;
            return this;
        }

        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /** One more processor, behind those added before. */
        public Builder processor(LogitsProcessor value) {
            processors.add(value);
            return this;
        }

        /** The configuration. */
        public GenerationConfig build() {
            return new GenerationConfig(
                    maxNewTokens,
                    doSample,
                    temperature,
                    topK,
                    topP,
                    minP,
                    repetitionPenalty,
                    ignoreEos,
                    seed,
                    processors);
        }
    }
}
