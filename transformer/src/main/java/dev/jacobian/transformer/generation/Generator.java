// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.MemoryPlan;
import dev.jacobian.transformer.MemoryPlan.Part;
import dev.jacobian.transformer.MemoryPlanner;
import dev.jacobian.transformer.generation.EngineConfig.PrefixReuse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.IntStream;

/**
 * Batched generation: many prompts in, all continuations out. The simple front of an {@link Engine}, which lives as long as the
 * call.
 *
 * <p>Decisions: a prompt is computed once however many continuations are asked for; its cached pages are shared. All
 * running continuations advance together by one token per pass; one that ends leaves the batch at once, and the next one that
 * waits has its place. What is sampled for (seed, prompt key, sample, position) does not depend on what else is in the batch, on
 * its size or on the number of threads.
 */
public final class Generator {
    /** Continuations that advance together unless told otherwise. */
    public static final int DEFAULT_MAX_BATCH = 1024;

    /** Tokens of prompts that are computed in one pass: enough to keep a device busy. */
    public static final int PREFILL_TOKENS = MemoryPlanner.PREFILL_TOKENS;

    private static final int LEAST_PREFILL_TOKENS = 256;

    private final CausalLM model;
    private final int maxBatch;

    public Generator(CausalLM model) {
        this(model, DEFAULT_MAX_BATCH);
    }

    /** A generator that keeps at most {@code maxBatch} continuations running at a time. */
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
        if (config.search().isAsked()) {
            return search(prefixes, samples, config, pauseAfter, listener);
        }
        List<GenerationRequest> requests = new ArrayList<>();
        for (int p = 0; p < prefixes.size(); p++) {
            int prompt = p;
            RequestListener ofPrompt = new RequestListener() {
                @Override
                public void onToken(int sample, int token, float logProb, List<TokenLogProb> likeliest) {
                    listener.onToken(prompt, sample, token);
                }
            };
            requests.add(new GenerationRequest(prefixes.get(p), samples, config, pauseAfter, ofPrompt));
        }
        return generate(requests);
    }

    /** Continues prompts by a search over several sequences each. */
    private List<List<Generation>> search(
            List<Prefix> prefixes, int samples, GenerationConfig config, int pauseAfter, TokenListener listener) {
        SearchConfig search = config.search();
        if (samples != search.numReturnSequences() || pauseAfter != Integer.MAX_VALUE) {
            throw new IllegalArgumentException("a search with num_beams or penalty_alpha gives num_return_sequences "
                    + search.numReturnSequences() + " continuations of each prompt without a pause; ask for these, not"
                    + " for " + samples);
        }
        for (int p = 0; p < prefixes.size(); p++) {
            Prefix prefix = prefixes.get(p);
            int promptLength = prefix.tokens().length - prefix.continued();
            PromptCheck.require(model, prefix, config.length().newTokens(promptLength), "prompt " + p);
        }
        List<List<Generation>> results = new ArrayList<>();
        int together = Math.max(1, maxBatch / SearchMemory.width(model, config));
        int wave = new SearchMemory(model, config, prefixes).together(Math.min(together, Math.max(1, prefixes.size())));
        for (int from = 0; from < prefixes.size(); from += wave) {
            int first = from;
            List<Prefix> part = prefixes.subList(from, Math.min(prefixes.size(), from + wave));
            if (config.contrastive()) {
                TokenListener shifted = (prompt, sample, token) -> listener.onToken(first + prompt, sample, token);
                new ContrastiveSearch(model, config)
                        .generate(part, shifted)
                        .forEach(generation -> results.add(List.of(generation)));
            } else {
                results.addAll(new BeamSearch(model, config).generate(part));
            }
        }
        if (config.search().beams()) {
            tell(results, listener);
        }
        return results;
    }

    private static void tell(List<List<Generation>> results, TokenListener listener) {
        for (int p = 0; p < results.size(); p++) {
            for (int s = 0; s < results.get(p).size(); s++) {
                for (int token : results.get(p).get(s).tokenIds()) {
                    listener.onToken(p, s, token);
                }
            }
        }
    }

    /**
     * Answers several requests, each by its own settings.
     *
     * @return for each request its continuations in order
     */
    public List<List<Generation>> generate(List<GenerationRequest> requests) {
        if (requests.isEmpty()) {
            return List.of();
        }
        requireResultsFit(requests);
        return Workspace.currentOrNew().compute(() -> {
            try (Engine engine = new Engine(model, limits(requests, PrefixReuse.PROMPTS))) {
                List<Submission> all = requests.stream().map(engine::submit).toList();
                while (engine.step()) {
                    throwFailure(all);
                }
                throwFailure(all);
                return all.stream()
                        .map(submission -> submission.result().join())
                        .toList();
            }
        });
    }

    private static void throwFailure(List<Submission> all) {
        for (Submission submission : all) {
            if (submission.result().isCompletedExceptionally()
                    && submission.result().exceptionNow() instanceof RuntimeException failure) {
                throw failure;
            }
        }
    }

    /**
     * The limits of an engine for these requests: what they can use, of what there is.
     *
     * @param requests at least one
     * @param reuse what is kept for later requests
     */
    public EngineConfig limits(List<GenerationRequest> requests, PrefixReuse reuse) {
        long longest =
                requests.stream().mapToLong(GenerationRequest::longest).max().orElse(0);
        long sequences = requests.stream().mapToLong(GenerationRequest::samples).sum();
        int together = (int) Math.min(maxBatch, sequences);
        int reached = (int) Math.min(Integer.MAX_VALUE, longest + KvCache.PAGE);
        long one = model.newKvCache().bytesOf(reached, PREFILL_TOKENS);
        long budget = Budget.withoutPlan(model);
        int piece = PREFILL_TOKENS;
        if (model.kvCacheBytes().isPresent()) {
            // small pieces leave no more of a limit to the cache; they help one sequence into it
            while (piece / 4 >= LEAST_PREFILL_TOKENS && model.newKvCache().bytesOf(reached, piece) > budget) {
                piece /= 4;
            }
        } else if (one * Math.max(together, 2) > budget) {
            // where memory is short, prompts in small pieces leave more of it to the cache
            do {
                budget = Budget.bytes(model, together, piece, 2 * one);
                piece = piece / 4;
            } while (budget < one * together && piece >= LEAST_PREFILL_TOKENS);
            piece *= 4;
        }
        return new EngineConfig(
                together, piece, OptionalLong.of(Math.max(1, budget)), OptionalLong.empty(), reuse, Integer.MAX_VALUE);
    }

    /** Bytes of keys and values in which one sequence of so many tokens can be generated, alone and with its prompt in small pieces. */
    public static long leastCacheBytes(CausalLM model, int tokens) {
        boolean isDivided = !model.config().plan().rotationsDependOnLength();
        return model.newKvCache().bytesOf(tokens, isDivided ? LEAST_PREFILL_TOKENS : tokens);
    }

    /** Refuses what no heap could return. */
    private void requireResultsFit(List<GenerationRequest> requests) {
        long results = 0;
        for (GenerationRequest request : requests) {
            results += (long) request.samples() * request.maxNewTokens() * (Integer.BYTES + Float.BYTES);
        }
        if (results <= Runtime.getRuntime().maxMemory() / 2) {
            return;
        }
        GenerationRequest first = requests.getFirst();
        long longest =
                requests.stream().mapToLong(GenerationRequest::longest).max().orElse(0);
        Map<Part, Long> parts = new EnumMap<>(MemoryPlanner.inference(model)
                .generation(1, 1, 1, (int) longest - 1)
                .plan()
                .parts());
        parts.put(Part.RESULTS, results);
        new MemoryPlan(parts)
                .require(
                        "generating " + first.samples() + " samples of up to " + longest + " tokens for each of "
                                + requests.size() + " prompts",
                        () -> List.of("fewer samples per prompt", "fewer new tokens", "fewer prompts at once"));
    }
}
