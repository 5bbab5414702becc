// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.SamplingFilters;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.TokenChoice;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.DecodingPass;
import dev.jacobian.transformer.MemoryPlan;
import dev.jacobian.transformer.MemoryPlanner;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.generation.processor.TokenHistory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Batched generation with a KV cache.
 *
 * <p>Decisions: a prompt is computed once however many continuations are asked for; its cached pages are shared. All
 * running continuations advance together by one token per pass, and one that ends leaves the batch at once. What is
 * sampled for (seed, prompt key, sample, position) does not depend on what else is in the batch, on its size or on the
 * number of threads.
 *
 * <p>An id that stands for no token (a vocabulary padded beyond the tokenizer) is never chosen: where one comes out, another
 * is chosen among those that do. That is a draw from the model's distribution without the padding, and changes no draw that
 * hits a token. Log-probabilities stay the model's own, over all ids, as a trainer computes them.
 */
public final class Generator {
    /** Continuations that advance together unless told otherwise. */
    public static final int DEFAULT_MAX_BATCH = 1024;

    /** Makes the seed of second draws, which must not depend on the first ones. */
    private static final long SECOND_DRAW = 0x5DEECE66DL << 16;

    private final CausalLM model;
    private final int maxBatch;

    public Generator(CausalLM model) {
        this(model, DEFAULT_MAX_BATCH);
    }

    /** A generator that keeps at most {@code maxBatch} continuations running at a time (but one whole prompt at least). */
    public Generator(CausalLM model, int maxBatch) {
        if (maxBatch < 1) {
            throw new IllegalArgumentException("max batch must be at least 1, got " + maxBatch);
        }
        this.model = model;
        this.maxBatch = maxBatch;
    }

    /** Continues one text; special tokens are added as the tokenizer does. */
    public Generation.Text generate(String prompt, GenerationConfig config) {
        int[] tokens = model.tokenizer().encodePrompt(prompt);
        Generation generation = generate(List.of(tokens), 1, config).get(0).get(0);
        return new Generation.Text(model.tokenizer().decode(generation.tokenIds(), true), generation);
    }

    /** Continues every prompt {@code samples} times; prompts are keyed by their index. */
    public List<List<Generation>> generate(List<int[]> prompts, int samples, GenerationConfig config) {
        long[] keys = new long[prompts.size()];
        Arrays.setAll(keys, i -> i);
        return generate(prompts, keys, samples, config, (prompt, sample, token) -> {});
    }

    /**
     * Continues every prompt {@code samples} times.
     *
     * @param prompts token ids, at least one each
     * @param keys what identifies each prompt to the random generator
     * @return for each prompt its continuations in order
     */
    public List<List<Generation>> generate(
            List<int[]> prompts, long[] keys, int samples, GenerationConfig config, TokenListener listener) {
        if (keys.length != prompts.size()) {
            throw new IllegalArgumentException(
                    prompts.size() + " prompts but " + keys.length + " keys; give one for each");
        }
        List<Prefix> prefixes = IntStream.range(0, keys.length)
                .mapToObj(p -> new Prefix(prompts.get(p), keys[p]))
                .toList();
        return generate(prefixes, samples, config, Integer.MAX_VALUE, listener);
    }

    /**
     * Continues every prefix {@code samples} times, each continuation by so many tokens at most for now.
     *
     * @param pauseAfter tokens after which a continuation that has not ended is {@linkplain FinishReason#PAUSED paused}; it
     *     goes on from a prefix with the tokens that it then has, to the same tokens as without the pause
     * @return for each prefix its continuations in order, without the tokens of the prefix
     */
    public List<List<Generation>> generate(
            List<Prefix> prefixes, int samples, GenerationConfig config, int pauseAfter, TokenListener listener) {
        if (pauseAfter < 1) {
            throw new IllegalArgumentException("need at least 1 token before a pause, got " + pauseAfter);
        }
        check(prefixes, samples, config);
        List<List<Generation>> results = new ArrayList<>();
        int wave = promptsAtOnce(prefixes, samples, config);
        for (int from = 0; from < prefixes.size(); from += wave) {
            int to = Math.min(prefixes.size(), from + wave);
            int first = from;
            TokenListener shifted = (prompt, sample, token) -> listener.onToken(first + prompt, sample, token);
            results.addAll(Workspace.currentOrNew()
                    .compute(() -> NoGrad.compute(
                            () -> new Wave(prefixes.subList(first, to), samples, config, pauseAfter, shifted).run())));
        }
        return results;
    }

    /**
     * Prompts whose samples run together: what the maximal batch allows, and what the heap can hold if all run to their
     * limit. The result does not depend on it.
     *
     * @throws IllegalStateException if not even the samples of one prompt fit
     */
    private int promptsAtOnce(List<Prefix> prefixes, int samples, GenerationConfig config) {
        int most = Math.max(1, Math.min(prefixes.size(), maxBatch / samples));
        int longest = prefixes.stream().mapToInt(p -> p.tokens().length).max().orElse(1);
        DecoderConfig shape = model.config();
        long cachePerPrompt = shape.plan().cached(longest + config.maxNewTokens())
                * model.computeType().bytes()
                * samples;
        long available = Backends.of(model.device()).memory().availableMemory();
        if (cachePerPrompt * most < available / 4) {
            return most; // planning costs more than a short generation
        }
        if (!model.device().equals(Device.CPU)) {
            // Pools double when they are full, and one of twice the size is filled before the smaller one goes.
            return Math.clamp(available / 4 / cachePerPrompt, 1, most);
        }
        IntFunction<MemoryPlan> plan = n -> MemoryPlanner.inference(shape, model.weightFormat())
                .generation(n, samples, longest, config.maxNewTokens())
                .plan();
        // not to the brim: the caller holds something too, and batches of two sizes leave arrays of two sizes
        OptionalInt fitting =
                MemoryPlan.largestThatFits(most, Runtime.getRuntime().maxMemory() / 4 * 3, plan);
        if (fitting.isEmpty()) {
            plan.apply(1)
                    .require(
                            "generating " + samples + " samples of up to " + (longest + config.maxNewTokens())
                                    + " tokens at once",
                            () -> List.of(
                                    "fewer samples per prompt", "fewer new tokens", "weights in a narrower format"));
        }
        return fitting.orElse(1);
    }

    private void check(List<Prefix> prefixes, int samples, GenerationConfig config) {
        if (samples < 1) {
            throw new IllegalArgumentException("need at least 1 sample per prompt, got " + samples);
        }
        int vocabulary = model.config().vocabularySize();
        for (int p = 0; p < prefixes.size(); p++) {
            int[] prompt = prefixes.get(p).tokens();
            int continued = prefixes.get(p).continued();
            if (prompt.length == 0) {
                throw new IllegalArgumentException(
                        "prompt " + p + " is empty; begin with at least one token (such as BOS)");
            }
            for (int token : prompt) {
                if (token < 0 || token >= vocabulary) {
                    throw new IllegalArgumentException(
                            "prompt " + p + " has token id " + token + ", the vocabulary has " + vocabulary);
                }
            }
            int most = config.length().newTokens(prompt.length - continued);
            if (continued >= most) {
                throw new IllegalArgumentException("prompt " + p + " is continued by " + continued
                        + " tokens already, of " + most + " at most; it has ended");
            }
            if ((long) prompt.length - continued + most > model.config().maxPositions()) {
                throw new IllegalArgumentException("prompt " + p + " has " + prompt.length + " tokens and "
                        + most + " new ones are asked for, but the model is made for "
                        + model.config().maxPositions() + " positions; ask for fewer");
            }
        }
    }

    /** One continuation while it runs. */
    private static final class Running {
        final int prompt;
        final int sample;
        int sequence;
        final Continuation continuation;

        Running(int prompt, int sample, int sequence, Continuation continuation) {
            this.prompt = prompt;
            this.sample = sample;
            this.sequence = sequence;
            this.continuation = continuation;
        }
    }

    /** Prompts that run together from the first pass to the last. */
    private final class Wave {
        private final List<Prefix> prefixes;
        private final int samples;
        private final GenerationConfig config;
        private final int pauseAfter;
        private final TokenListener listener;
        private final KvCache cache = model.newKvCache();
        private final Continuation.Rules rules;
        private final BitSet withoutToken;
        private final Generation[][] results;
        private List<Running> running = List.of();

        Wave(List<Prefix> prefixes, int samples, GenerationConfig config, int pauseAfter, TokenListener listener) {
            this.prefixes = prefixes;
            this.samples = samples;
            this.config = config;
            this.rules = Continuation.Rules.of(model, config);
            this.withoutToken = rules.withoutToken();
            this.pauseAfter = pauseAfter;
            this.listener = listener;
            this.results = new Generation[prefixes.size()][samples];
        }

        List<List<Generation>> run() {
            Workspace.inner(() -> running = start());
            try (DecodingPass pass = new DecodingPass(model, cache)) {
                while (!running.isEmpty()) {
                    Workspace.inner(() -> running = advance(pass, running));
                }
            }
            return Arrays.stream(results).map(List::of).toList();
        }

        /** Computes the prompts, forks every continuation and chooses its first token. */
        private List<Running> start() {
            int[] lengths = prefixes.stream().mapToInt(p -> p.tokens().length).toArray();
            Segments segments = Segments.of(lengths);
            int[] tokens = prefixes.stream()
                    .flatMapToInt(p -> Arrays.stream(p.tokens()))
                    .toArray(); // [N]
            int[] sequences = new int[prefixes.size()];
            Arrays.setAll(sequences, i -> cache.add());
            Var hidden = model.hidden(tokens, segments, cache, sequences); // [N, D]
            List<Running> running = new ArrayList<>();
            int[] rows = new int[prefixes.size() * samples];
            for (int p = 0; p < prefixes.size(); p++) {
                for (int s = 0; s < samples; s++) {
                    rows[running.size()] = segments.start(p) + lengths[p] - 1;
                    int sequence = cache.fork(sequences[p], lengths[p]);
                    running.add(new Running(p, s, sequence, new Continuation(prefixes.get(p), rules)));
                }
            }
            return choose(running, hidden, rows);
        }

        private List<Running> advance(DecodingPass pass, List<Running> running) {
            if (!model.config().plan().rotationsDependOnLength()) {
                return decode(pass, running);
            }
            List<Running> alive = new ArrayList<>();
            List<Running> usual = new ArrayList<>();
            for (Running r : running) {
                int length = cache.length(r.sequence);
                if (model.config().plan().rotatesAlike(length, length + 1)) {
                    usual.add(r);
                } else {
                    alive.addAll(computeAnew(r));
                }
            }
            if (!usual.isEmpty()) {
                alive.addAll(decode(pass, usual));
            }
            return alive;
        }

        /** A step in which all tokens of a continuation are computed again, because it has outgrown its rotations. */
        private List<Running> computeAnew(Running r) {
            cache.release(r.sequence);
            r.sequence = cache.add();
            int[] tokens = seen(r);
            Var hidden = model.hidden(tokens, Segments.of(tokens.length), cache, new int[] {r.sequence}); // [T, D]
            return choose(List.of(r), hidden, new int[] {tokens.length - 1});
        }

        private List<Running> decode(DecodingPass pass, List<Running> running) {
            int n = running.size();
            int[] tokens = new int[n];
            int[] sequences = new int[n];
            int[] rows = new int[n];
            for (int i = 0; i < n; i++) {
                Running r = running.get(i);
                TokenHistory history = r.continuation.history();
                tokens[i] = history.get(history.length() - 1);
                sequences[i] = r.sequence;
                rows[i] = i;
            }
            return choose(running, pass.run(tokens, sequences), rows);
        }

        /** Chooses the next token of each continuation from the hidden state of its row; returns those that go on. */
        private List<Running> choose(List<Running> running, Var hidden, int[] rows) {
            int chunk = model.logitRows();
            List<Running> alive = new ArrayList<>();
            for (int from = 0; from < running.size(); from += chunk) {
                int to = Math.min(running.size(), from + chunk);
                Tensor logits = model.logits(hidden, Arrays.copyOfRange(rows, from, to)); // [n, V]
                List<Running> part = running.subList(from, to);
                record(part, choose(part, logits), likeliest(logits), alive);
            }
            return alive;
        }

        /** The likeliest tokens of each row, if they are asked for; otherwise no lists. */
        private List<List<TokenLogProb>> likeliest(Tensor logits) {
            return config.topLogProbs() == 0
                    ? List.of()
                    : TopLogProbs.of(logits, inverseTemperature(), config.topLogProbs());
        }

        private float inverseTemperature() {
            return config.doSample() ? 1f / config.temperature() : 1f;
        }

        private TokenChoice choose(List<Running> part, Tensor logits) {
            Backend backend = Backends.of(logits.device());
            if (rules.processor().isPresent()) {
                return backend.sampling().choose(logits, processed(part, logits), rule(part, config.seed()));
            }
            Tensor shaped = config.repetitionPenalty() == 1
                    ? logits
                    : backend.sampling()
                            .penalize(
                                    logits,
                                    part.stream().map(this::seen).toArray(int[][]::new),
                                    config.repetitionPenalty());
            TokenChoice choice = backend.sampling().choose(logits, shaped, rule(part, config.seed()));
            for (int i = 0; i < part.size(); i++) {
                if (withoutToken.get(choice.tokens()[i])) {
                    TokenChoice other = backend.sampling()
                            .choose(
                                    row(logits, i),
                                    withTokens(row(shaped, i)),
                                    rule(part.subList(i, i + 1), config.seed() ^ SECOND_DRAW));
                    choice.tokens()[i] = other.tokens()[0];
                    choice.logProbs()[i] = other.logProbs()[0];
                }
            }
            return choice;
        }

        private TokenChoice.Rule rule(List<Running> part, long seed) {
            return new TokenChoice.Rule(!config.doSample(), inverseTemperature(), filters(), seed, coordinates(part));
        }

        /** Filters of kernels; none that do anything where processors have done all. */
        private Optional<SamplingFilters> filters() {
            if (rules.processor().isPresent()) {
                return Optional.of(new SamplingFilters(1f, 0, 1f, 0f));
            }
            return config.filters() ? Optional.of(config.samplingFilters()) : Optional.empty();
        }

        /** Rows as the processors leave them, [n, V]; they are made on the host. */
        private Tensor processed(List<Running> part, Tensor logits) {
            int vocabulary = logits.extent(1);
            float[] rows = logits.toFloatArray(); // [n, V]
            for (int i = 0; i < part.size(); i++) {
                float[] row = Arrays.copyOfRange(rows, i * vocabulary, (i + 1) * vocabulary); // [V]
                part.get(i).continuation.shape(row);
                System.arraycopy(row, 0, rows, i * vocabulary, vocabulary);
            }
            return Tensor.of(rows, part.size(), vocabulary).to(logits.device());
        }

        private static Tensor row(Tensor rows, int row) {
            return rows.slice(0, row, row + 1).contiguous(); // [1, V]
        }

        /** A row in which only ids that stand for a token can be chosen. */
        private Tensor withTokens(Tensor row) {
            Tensor copy = row.to(Device.CPU).copy(); // [1, V]
            withoutToken.stream().forEach(id -> copy.floats()[id] = Float.NEGATIVE_INFINITY);
            return copy.to(row.device());
        }

        /** The tokens of the prompt and of the continuation so far. */
        private int[] seen(Running r) {
            return r.continuation.history().toArray();
        }

        /** What the random number of each continuation's next token is drawn from, [n, 4]. */
        private int[] coordinates(List<Running> part) {
            int[] coordinates = new int[4 * part.size()];
            for (int i = 0; i < part.size(); i++) {
                Running r = part.get(i);
                Prefix prefix = prefixes.get(r.prompt);
                coordinates[4 * i] = (int) prefix.key();
                coordinates[4 * i + 1] = (int) (prefix.key() >>> 32);
                coordinates[4 * i + 2] = prefix.sample() + r.sample;
                coordinates[4 * i + 3] = r.continuation.history().newTokens();
            }
            return coordinates;
        }

        private void record(
                List<Running> part, TokenChoice choice, List<List<TokenLogProb>> likeliest, List<Running> alive) {
            for (int i = 0; i < part.size(); i++) {
                int token = choice.tokens()[i];
                Running r = part.get(i);
                requireFinite(choice.logProbs()[i], r);
                Optional<FinishReason> end = r.continuation.add(
                        token, choice.logProbs()[i], likeliest.isEmpty() ? List.of() : likeliest.get(i));
                listener.onToken(r.prompt, r.sample, token);
                if (end.isPresent() || r.continuation.chosen() == pauseAfter) {
                    results[r.prompt][r.sample] = r.continuation.finish(end.orElse(FinishReason.PAUSED));
                    cache.release(r.sequence);
                } else {
                    alive.add(r);
                }
            }
        }

        /**
         * One NaN or positive infinity among the logits of a row makes the log-probability of every token NaN. Going on with
         * it would choose token 0 for ever and look like a bad model.
         */
        private void requireFinite(float logProb, Running r) {
            if (Float.isFinite(logProb)) {
                return;
            }
            String reason = model.firstNonFinite()
                    .map(name -> "the weight '" + name + "' has values that are NaN or infinite")
                    .orElse("its weights are finite, so numbers overflow on the way: the weights are broken or belong"
                            + " to another config.json, or the temperature (" + config.temperature()
                            + ") is too small");
            throw new IllegalStateException("the logits for token " + (r.continuation.chosen() + 1) + " after prompt "
                    + r.prompt + " are NaN or infinite; " + reason);
        }
    }
}
