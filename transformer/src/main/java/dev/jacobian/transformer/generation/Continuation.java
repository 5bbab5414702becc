// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.processor.LogitsProcessor;
import dev.jacobian.transformer.generation.processor.TokenHistory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * One continuation while it grows: its tokens, what shapes its rows, and what ends it. It knows nothing of caches, batches and
 * how a token is chosen, so every way of generating grows continuations alike.
 */
public final class Continuation {
    /**
     * What the continuations of one request share.
     *
     * @param config how tokens are chosen
     * @param endTokens ids that end a continuation, whether or not they are ignored
     * @param withoutToken ids that stand for no token
     * @param processor what shapes rows, if kernels do not suffice
     * @param stopStrings texts that end a continuation, if there are any
     */
    public record Rules(
            GenerationConfig config,
            Set<Integer> endTokens,
            BitSet withoutToken,
            Optional<LogitsProcessor> processor,
            Optional<StopStrings> stopStrings) {
        /**
         * A configuration applied to a model.
         *
         * @throws IllegalArgumentException if the configuration names ids that the model lacks, or stop strings and the model
         *     has no tokenizer
         */
        public static Rules of(CausalLM model, GenerationConfig config) {
            return of(model, config, model.idsWithoutToken());
        }

        /** The same where the ids that stand for no token are known: finding them takes a look at each. */
        static Rules of(CausalLM model, GenerationConfig config, BitSet withoutToken) {
            int vocabulary = model.config().vocabularySize();
            Set<Integer> endTokens = config.stop().endTokens(model.eosTokenIds());
            int largest = Math.max(
                    config.tokens().largestTokenId(),
                    endTokens.stream().mapToInt(id -> id).max().orElse(-1));
            if (largest >= vocabulary) {
                throw new IllegalArgumentException("a setting of generation names token id " + largest
                        + ", but the model's vocabulary has " + vocabulary);
            }
            List<String> strings = config.stop().stopStrings();
            if (!strings.isEmpty() && !model.hasTokenizer()) {
                throw new IllegalArgumentException(
                        "stop_strings need the model's tokenizer.json, which is not there; use eos_token_id");
            }
            return new Rules(
                    config,
                    endTokens,
                    withoutToken,
                    config.rowProcessor(endTokens),
                    strings.isEmpty() ? Optional.empty() : Optional.of(new StopStrings(model.tokenizer(), strings)));
        }
    }

    private final Rules rules;
    private final TokenHistory history;
    private final Optional<LogitsProcessor> processor;
    private final Optional<RepetitionWatch> repetition;
    private final int begin;
    private final List<Float> logProbs;
    private final List<List<TokenLogProb>> top;
    private Optional<String> stopString = Optional.empty();

    /** One that goes on from a prefix. */
    public Continuation(Prefix prefix, Rules rules) {
        this.rules = rules;
        this.history = new TokenHistory(prefix.tokens(), prefix.tokens().length - prefix.continued());
        this.processor = rules.processor.map(LogitsProcessor::newSequence);
        RepetitionConfig circles = rules.config.stop().repetition();
        this.repetition = circles.isNone() ? Optional.empty() : Optional.of(new RepetitionWatch(circles, history));
        this.begin = history.length();
        this.logProbs = new ArrayList<>();
        this.top = new ArrayList<>();
        processor.ifPresent(p -> Arrays.stream(history.continuation()).forEach(p::accept));
    }

    private Continuation(Continuation parent) {
        this.rules = parent.rules;
        this.history = parent.history.fork();
        this.processor = parent.processor.map(LogitsProcessor::fork);
        this.repetition = parent.repetition.map(RepetitionWatch::fork);
        this.begin = parent.begin;
        this.logProbs = new ArrayList<>(parent.logProbs);
        this.top = new ArrayList<>(parent.top);
    }

    /** A second one that goes on from the same tokens. */
    public Continuation fork() {
        return new Continuation(this);
    }

    /** Prompt and tokens so far. */
    public TokenHistory history() {
        return history;
    }

    /** Tokens chosen here, without those of a prefix. */
    public int chosen() {
        return history.length() - begin;
    }

    /** Whether rows of this continuation are shaped here, on the host, instead of by kernels. */
    public boolean shapesRows() {
        return processor.isPresent();
    }

    /**
     * Shapes the row that the next token is chosen from: ids that stand for no token are ruled out, then processors do theirs.
     *
     * @param logits [V], changed in place
     * @throws UnusableSettingsException if no token is left, or a logit that was a number is NaN or positive infinity now: a choice
     *     by it would be token 0, whatever was meant
     */
    public void shape(float[] logits) {
        boolean sound = firstOverflow(logits) < 0; // otherwise the model is to blame, which is told elsewhere
        rules.withoutToken.stream().forEach(id -> logits[id] = Float.NEGATIVE_INFINITY);
        processor.ifPresent(p -> p.process(history, logits));
        int overflow = sound ? firstOverflow(logits) : -1;
        if (overflow >= 0) {
            throw new UnusableSettingsException("the settings of generation make the logit of token " + overflow + " "
                    + logits[overflow] + " behind " + history.newTokens()
                    + " new ones; use smaller biases, penalties and factors");
        }
        for (float logit : logits) {
            if (logit != Float.NEGATIVE_INFINITY) {
                return;
            }
        }
        throw new UnusableSettingsException("the settings of generation rule out every token behind "
                + history.newTokens() + " new ones; allow some more");
    }

    /** The first of some logits that is NaN or positive infinity; −1 if none is. */
    private static int firstOverflow(float[] logits) {
        for (int id = 0; id < logits.length; id++) {
            if (!(logits[id] < Float.POSITIVE_INFINITY)) {
                return id;
            }
        }
        return -1;
    }

    /**
     * Takes the token that was chosen.
     *
     * @param likeliest the likeliest tokens of the step, if they are asked for; otherwise empty
     * @return why the continuation ends with it, if it does
     */
    public Optional<FinishReason> add(int token, float logProb, List<TokenLogProb> likeliest) {
        history.add(token);
        logProbs.add(logProb);
        if (!likeliest.isEmpty()) {
            top.add(likeliest);
        }
        processor.ifPresent(p -> p.accept(token));
        if (rules.endTokens.contains(token) && !rules.config.ignoreEos()) {
            return Optional.of(FinishReason.STOP);
        }
        stopString = rules.stopStrings.flatMap(strings -> strings.completed(history));
        if (stopString.isPresent()) {
            return Optional.of(FinishReason.STOP_STRING);
        }
        if (repetition.map(watch -> watch.closes(history)).orElse(false)) {
            return Optional.of(FinishReason.REPETITION);
        }
        boolean full = history.newTokens() == rules.config.length().newTokens(history.promptLength());
        return full ? Optional.of(FinishReason.LENGTH) : Optional.empty();
    }

    /** What was chosen here. */
    public Generation finish(FinishReason reason) {
        int[] all = history.toArray();
        float[] numbers = new float[logProbs.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = logProbs.get(i);
        }
        return new Generation(
                Arrays.copyOfRange(all, begin, all.length), numbers, reason, top, stopString, OptionalDouble.empty());
    }
}
