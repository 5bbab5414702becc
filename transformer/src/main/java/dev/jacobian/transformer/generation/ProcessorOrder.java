// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.transformer.generation.processor.CountPenalty;
import dev.jacobian.transformer.generation.processor.EpsilonCutoff;
import dev.jacobian.transformer.generation.processor.EtaCutoff;
import dev.jacobian.transformer.generation.processor.ExponentialDecay;
import dev.jacobian.transformer.generation.processor.ForcedBos;
import dev.jacobian.transformer.generation.processor.ForcedEos;
import dev.jacobian.transformer.generation.processor.LogitsProcessor;
import dev.jacobian.transformer.generation.processor.MinLength;
import dev.jacobian.transformer.generation.processor.MinNewTokens;
import dev.jacobian.transformer.generation.processor.MinP;
import dev.jacobian.transformer.generation.processor.NoRepeatNgram;
import dev.jacobian.transformer.generation.processor.RemoveInvalid;
import dev.jacobian.transformer.generation.processor.Renormalize;
import dev.jacobian.transformer.generation.processor.RepetitionPenalty;
import dev.jacobian.transformer.generation.processor.SequenceBias;
import dev.jacobian.transformer.generation.processor.SuppressAtBegin;
import dev.jacobian.transformer.generation.processor.SuppressTokens;
import dev.jacobian.transformer.generation.processor.Temperature;
import dev.jacobian.transformer.generation.processor.TopH;
import dev.jacobian.transformer.generation.processor.TopK;
import dev.jacobian.transformer.generation.processor.TopP;
import dev.jacobian.transformer.generation.processor.TypicalP;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The processors of a configuration in the order in which transformers' generate applies them.
 *
 * <p>Decisions: what transformers lacks stands beside its kin, OpenAI's logit bias before the biases of sequences, its counts
 * behind the repetition penalty. Processors of a caller's own stand where transformers has them, before the filters of
 * sampling, so that a mask leaves what top-k and top-p choose from.
 */
final class ProcessorOrder {
    private final GenerationConfig config;
    private final int[] endTokens;
    private final List<LogitsProcessor> order = new ArrayList<>();

    private ProcessorOrder(GenerationConfig config, Set<Integer> endTokens) {
        this.config = config;
        this.endTokens = endTokens.stream().mapToInt(id -> id).toArray();
    }

    /** All that a configuration asks for. */
    static List<LogitsProcessor> of(GenerationConfig config, Set<Integer> endTokens) {
        ProcessorOrder order = new ProcessorOrder(config, endTokens);
        order.biases();
        order.penalties();
        order.rules();
        order.order.addAll(config.processors());
        if (config.doSample()) {
            order.filters(config.sampling(), config.search().beams() ? endTokens.size() + 1 : 1);
        }
        order.addIf(config.sampling().renormalizeLogits(), new Renormalize());
        return order.order;
    }

    /** Whether a configuration asks for nothing that the backend's sampling kernels do not do themselves. */
    static boolean kernelsSuffice(GenerationConfig config) {
        LengthConfig length = config.length();
        PenaltyConfig penalties = config.penalties();
        return config.tokens().equals(TokenRules.NONE)
                && config.processors().isEmpty()
                && length.minLength() == 0
                && length.minNewTokens() == 0
                && penalties.presencePenalty() == 0
                && penalties.frequencyPenalty() == 0
                && penalties.noRepeatNgramSize() == 0
                && penalties.decay().isEmpty()
                && !config.sampling().renormalizeLogits()
                && !(config.doSample() && config.sampling().rareFilters());
    }

    private void addIf(boolean asked, LogitsProcessor processor) {
        if (asked) {
            order.add(processor);
        }
    }

    private void biases() {
        TokenRules rules = config.tokens();
        addIf(!rules.logitBias().isEmpty(), new SequenceBias(rules.logitBias()));
        addIf(!rules.sequenceBias().isEmpty(), new SequenceBias(rules.sequenceBias()));
    }

    private void penalties() {
        PenaltyConfig penalties = config.penalties();
        addIf(penalties.repetitionPenalty() != 1, new RepetitionPenalty(penalties.repetitionPenalty()));
        addIf(
                penalties.presencePenalty() != 0 || penalties.frequencyPenalty() != 0,
                new CountPenalty(penalties.presencePenalty(), penalties.frequencyPenalty()));
        addIf(penalties.noRepeatNgramSize() > 0, new NoRepeatNgram(penalties.noRepeatNgramSize()));
    }

    private void rules() {
        TokenRules rules = config.tokens();
        LengthConfig length = config.length();
        addIf(!rules.badWordsIds().isEmpty(), SequenceBias.badWords(rules.badWordsIds(), endTokens));
        addIf(length.minLength() > 0, new MinLength(length.minLength(), endTokens));
        addIf(length.minNewTokens() > 0, new MinNewTokens(length.minNewTokens(), endTokens));
        rules.forcedBosTokenId().ifPresent(id -> order.add(new ForcedBos(id)));
        addIf(
                !rules.forcedEosTokenIds().isEmpty(),
                new ForcedEos(prompt -> prompt + length.newTokens(prompt), TokenRules.ints(rules.forcedEosTokenIds())));
        addIf(rules.removeInvalidValues(), new RemoveInvalid());
        config.penalties()
                .decay()
                .ifPresent(decay -> order.add(new ExponentialDecay(decay.start(), decay.factor(), endTokens)));
        addIf(!rules.suppressTokens().isEmpty(), new SuppressTokens(TokenRules.ints(rules.suppressTokens())));
        addIf(
                !rules.beginSuppressTokens().isEmpty(),
                new SuppressAtBegin(
                        TokenRules.ints(rules.beginSuppressTokens()),
                        rules.forcedBosTokenId().isPresent()));
    }

    private void filters(SamplingConfig sampling, int keep) {
        addIf(sampling.temperature() != 1, new Temperature(sampling.temperature()));
        addIf(sampling.topH() < 1, new TopH(sampling.topH()));
        addIf(sampling.topK() > 0, new TopK(sampling.topK(), keep));
        addIf(sampling.topP() < 1, new TopP(sampling.topP(), keep));
        addIf(sampling.minP() > 0, new MinP(sampling.minP(), keep));
        addIf(sampling.typicalP() < 1, new TypicalP(sampling.typicalP(), keep));
        addIf(sampling.epsilonCutoff() > 0, new EpsilonCutoff(sampling.epsilonCutoff(), keep));
        addIf(sampling.etaCutoff() > 0, new EtaCutoff(sampling.etaCutoff(), keep));
    }
}
