// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import static dev.jacobian.transformer.generation.Checks.require;

import dev.jacobian.tensor.SamplingFilters;
import dev.jacobian.transformer.generation.processor.LogitsProcessor;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * How continuations are chosen, with transformers' names; {@link GenerationKeys} reads them from JSON.
 *
 * <p>Decisions: nothing is inherited from a checkpoint's generation_config.json except its end tokens, unless a caller reads it
 * on purpose; what is not said here is off. Everything applies in transformers' order ({@link ProcessorOrder}). A setting
 * that would be ignored beside another is an error where it contradicts it, such as more sequences than beams.
 *
 * @param length how long continuations may and must be
 * @param sampling how a token is drawn
 * @param penalties what becomes less likely because of the tokens already there
 * @param tokens which tokens are favoured, ruled out or forced
 * @param search beam search and contrastive search
 * @param stop what ends a continuation before its limit
 * @param topLogProbs how many of the likeliest tokens are reported at each step with their log-probabilities; 0 for none
 * @param processors what else shapes each row, in order, before temperature and filters do; each continuation gets its own
 *     ({@link LogitsProcessor#newSequence})
 * @param seed key of the random numbers
 */
public record GenerationConfig(
        LengthConfig length,
        SamplingConfig sampling,
        PenaltyConfig penalties,
        TokenRules tokens,
        SearchConfig search,
        StopConfig stop,
        int topLogProbs,
        List<LogitsProcessor> processors,
        long seed) {
    public GenerationConfig {
        processors = List.copyOf(processors);
        require(topLogProbs >= 0, "top_logprobs must not be negative, got " + topLogProbs);
        require(
                sampling.doSample() || search.beams() || search.numReturnSequences() == 1,
                "num_return_sequences " + search.numReturnSequences()
                        + " needs sampling or as many num_beams: greedy decoding gives one sequence");
        if (search.penaltyAlpha() > 0) {
            require(
                    !sampling.doSample() && !search.beams() && search.numReturnSequences() == 1,
                    "penalty_alpha asks for contrastive search, which neither samples nor has beams: set do_sample to"
                            + " false and num_beams and num_return_sequences to 1");
            require(
                    sampling.topK() > 1,
                    "penalty_alpha asks for contrastive search among the top_k likeliest tokens; set top_k to 2 or"
                            + " more, got " + sampling.topK());
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

    /** A builder that starts from sampling 256 tokens at temperature 1 without filters. */
    public static GenerationConfigBuilder builder() {
        return new GenerationConfigBuilder();
    }

    /** The limit of new tokens; with {@code max_length} that of a continuation of nothing. */
    public int maxNewTokens() {
        return length.newTokens(0);
    }

    /** Whether tokens are drawn; otherwise the likeliest is taken. */
    public boolean doSample() {
        return sampling.doSample();
    }

    /** What logits are divided by when sampling. */
    public float temperature() {
        return sampling.temperature();
    }

    /** Against repetition; 1 for none. */
    public float repetitionPenalty() {
        return penalties.repetitionPenalty();
    }

    /** Whether continuations go on after an end token. */
    public boolean ignoreEos() {
        return stop.ignoreEos();
    }

    /** Whether contrastive search chooses. */
    public boolean contrastive() {
        return search.penaltyAlpha() > 0;
    }

    /** Whether anything but the temperature shapes the distribution where kernels draw. */
    boolean filters() {
        return sampling.topK() > 0 || sampling.topP() < 1 || sampling.minP() > 0 || repetitionPenalty() != 1;
    }

    /** The filters that shape the distribution where kernels draw. */
    SamplingFilters samplingFilters() {
        return new SamplingFilters(sampling.temperature(), sampling.topK(), sampling.topP(), sampling.minP());
    }

    /**
     * What shapes the rows of one sequence where kernels cannot: all of it in transformers' order, temperature and filters
     * included, so that nothing but the draw is left to do. Nothing if kernels suffice.
     *
     * @param endTokens ids that end a continuation
     */
    public Optional<LogitsProcessor> rowProcessor(Set<Integer> endTokens) {
        return ProcessorOrder.kernelsSuffice(this)
                ? Optional.empty()
                : Optional.of(LogitsProcessor.chain(ProcessorOrder.of(this, endTokens)));
    }
}
