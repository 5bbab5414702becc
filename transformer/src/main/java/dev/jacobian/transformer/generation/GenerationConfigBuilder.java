// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.transformer.generation.processor.LogitsProcessor;
import dev.jacobian.transformer.generation.processor.SequenceBias;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Builds a {@link GenerationConfig}: every setting flat, under transformers' name. What they mean is said by the records that
 * hold them.
 */
public final class GenerationConfigBuilder {
    private OptionalInt maxNewTokens = OptionalInt.empty();
    private OptionalInt maxLength = OptionalInt.empty();
    private OptionalInt forcedBosTokenId = OptionalInt.empty();
    private Optional<PenaltyConfig.Decay> exponentialDecayLengthPenalty = Optional.empty();
    private Optional<List<Integer>> eosTokenIds = Optional.empty();
    private int minNewTokens = 0;
    private int minLength = 0;
    private Optional<Boolean> doSample = Optional.empty();
    private float temperature = 1f;
    private float topH = 1f;
    private int topK = 0;
    private float topP = 1f;
    private float minP = 0f;
    private float typicalP = 1f;
    private float epsilonCutoff = 0f;
    private float etaCutoff = 0f;
    private boolean renormalizeLogits = false;
    private float repetitionPenalty = 1f;
    private float presencePenalty = 0f;
    private float frequencyPenalty = 0f;
    private int noRepeatNgramSize = 0;
    private List<Integer> suppressTokens = List.of();
    private List<Integer> beginSuppressTokens = List.of();
    private List<Integer> forcedEosTokenIds = List.of();
    private List<int[]> badWordsIds = List.of();
    private List<SequenceBias.Bias> logitBias = List.of();
    private List<SequenceBias.Bias> sequenceBias = List.of();
    private boolean removeInvalidValues = false;
    private int numBeams = 1;
    private int numReturnSequences = 1;
    private double lengthPenalty = 1;
    private SearchConfig.EarlyStopping earlyStopping = SearchConfig.EarlyStopping.HEURISTIC;
    private double penaltyAlpha = 0;
    private boolean ignoreEos = false;
    private List<String> stopStrings = List.of();
    private int repetitionNgram = 0;
    private int repetitionCount = 0;
    private int topLogProbs = 0;
    private long seed = 0;
    private final List<LogitsProcessor> processors = new ArrayList<>();

    GenerationConfigBuilder() {}

    /** The limit of new tokens; in place of {@code max_length}. */
    public GenerationConfigBuilder maxNewTokens(int value) {
        maxNewTokens = OptionalInt.of(value);
        maxLength = OptionalInt.empty();
        return this;
    }

    /** The limit of prompt and continuation together; in place of {@code max_new_tokens}. */
    public GenerationConfigBuilder maxLength(int value) {
        maxLength = OptionalInt.of(value);
        maxNewTokens = OptionalInt.empty();
        return this;
    }

    public GenerationConfigBuilder forcedBosTokenId(int value) {
        forcedBosTokenId = OptionalInt.of(value);
        return this;
    }

    public GenerationConfigBuilder exponentialDecayLengthPenalty(PenaltyConfig.Decay value) {
        exponentialDecayLengthPenalty = Optional.of(value);
        return this;
    }

    /** The end tokens in place of the model's own. */
    public GenerationConfigBuilder eosTokenIds(List<Integer> value) {
        eosTokenIds = Optional.of(value);
        return this;
    }

    public GenerationConfigBuilder minNewTokens(int value) {
        minNewTokens = value;
        return this;
    }

    public GenerationConfigBuilder minLength(int value) {
        minLength = value;
        return this;
    }

    /** Whether tokens are drawn; unless it is said, they are where no search is asked for. */
    public GenerationConfigBuilder doSample(boolean value) {
        doSample = Optional.of(value);
        return this;
    }

    public GenerationConfigBuilder temperature(float value) {
        temperature = value;
        return this;
    }

    public GenerationConfigBuilder topH(float value) {
        topH = value;
        return this;
    }

    public GenerationConfigBuilder topK(int value) {
        topK = value;
        return this;
    }

    public GenerationConfigBuilder topP(float value) {
        topP = value;
        return this;
    }

    public GenerationConfigBuilder minP(float value) {
        minP = value;
        return this;
    }

    public GenerationConfigBuilder typicalP(float value) {
        typicalP = value;
        return this;
    }

    public GenerationConfigBuilder epsilonCutoff(float value) {
        epsilonCutoff = value;
        return this;
    }

    public GenerationConfigBuilder etaCutoff(float value) {
        etaCutoff = value;
        return this;
    }

    public GenerationConfigBuilder renormalizeLogits(boolean value) {
        renormalizeLogits = value;
        return this;
    }

    public GenerationConfigBuilder repetitionPenalty(float value) {
        repetitionPenalty = value;
        return this;
    }

    public GenerationConfigBuilder presencePenalty(float value) {
        presencePenalty = value;
        return this;
    }

    public GenerationConfigBuilder frequencyPenalty(float value) {
        frequencyPenalty = value;
        return this;
    }

    public GenerationConfigBuilder noRepeatNgramSize(int value) {
        noRepeatNgramSize = value;
        return this;
    }

    public GenerationConfigBuilder suppressTokens(List<Integer> value) {
        suppressTokens = value;
        return this;
    }

    public GenerationConfigBuilder beginSuppressTokens(List<Integer> value) {
        beginSuppressTokens = value;
        return this;
    }

    public GenerationConfigBuilder forcedEosTokenIds(List<Integer> value) {
        forcedEosTokenIds = value;
        return this;
    }

    public GenerationConfigBuilder badWordsIds(List<int[]> value) {
        badWordsIds = value;
        return this;
    }

    public GenerationConfigBuilder logitBias(List<SequenceBias.Bias> value) {
        logitBias = value;
        return this;
    }

    public GenerationConfigBuilder sequenceBias(List<SequenceBias.Bias> value) {
        sequenceBias = value;
        return this;
    }

    public GenerationConfigBuilder removeInvalidValues(boolean value) {
        removeInvalidValues = value;
        return this;
    }

    public GenerationConfigBuilder numBeams(int value) {
        numBeams = value;
        return this;
    }

    public GenerationConfigBuilder numReturnSequences(int value) {
        numReturnSequences = value;
        return this;
    }

    public GenerationConfigBuilder lengthPenalty(double value) {
        lengthPenalty = value;
        return this;
    }

    public GenerationConfigBuilder earlyStopping(SearchConfig.EarlyStopping value) {
        earlyStopping = value;
        return this;
    }

    public GenerationConfigBuilder penaltyAlpha(double value) {
        penaltyAlpha = value;
        return this;
    }

    public GenerationConfigBuilder ignoreEos(boolean value) {
        ignoreEos = value;
        return this;
    }

    public GenerationConfigBuilder stopStrings(List<String> value) {
        stopStrings = value;
        return this;
    }

    /** The longest run that is looked for; with {@link #repetitionCount}. */
    public GenerationConfigBuilder repetitionNgram(int value) {
        repetitionNgram = value;
        return this;
    }

    /** How often a run must stand there in a row to end a continuation. */
    public GenerationConfigBuilder repetitionCount(int value) {
        repetitionCount = value;
        return this;
    }

    public GenerationConfigBuilder topLogProbs(int value) {
        topLogProbs = value;
        return this;
    }

    public GenerationConfigBuilder seed(long value) {
        seed = value;
        return this;
    }

    /** One more processor of one's own, behind those added before. */
    public GenerationConfigBuilder processor(LogitsProcessor value) {
        processors.add(value);
        return this;
    }

    /**
     * The configuration.
     *
     * @throws IllegalArgumentException if a setting makes no sense, alone or beside another
     */
    public GenerationConfig build() {
        return new GenerationConfig(
                new LengthConfig(maxNewTokens, maxLength, minNewTokens, minLength),
                new SamplingConfig(
                        doSample.orElse(numBeams == 1 && penaltyAlpha == 0),
                        temperature,
                        topH,
                        topK,
                        topP,
                        minP,
                        typicalP,
                        epsilonCutoff,
                        etaCutoff,
                        renormalizeLogits),
                new PenaltyConfig(
                        repetitionPenalty,
                        presencePenalty,
                        frequencyPenalty,
                        noRepeatNgramSize,
                        exponentialDecayLengthPenalty),
                new TokenRules(
                        logitBias,
                        sequenceBias,
                        badWordsIds,
                        suppressTokens,
                        beginSuppressTokens,
                        forcedBosTokenId,
                        forcedEosTokenIds,
                        removeInvalidValues),
                new SearchConfig(numBeams, numReturnSequences, lengthPenalty, earlyStopping, penaltyAlpha),
                new StopConfig(
                        eosTokenIds, ignoreEos, stopStrings, new RepetitionConfig(repetitionNgram, repetitionCount)),
                topLogProbs,
                processors,
                seed);
    }
}
