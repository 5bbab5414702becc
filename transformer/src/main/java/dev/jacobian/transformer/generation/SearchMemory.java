// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.MemoryPlan;
import dev.jacobian.transformer.MemoryPlan.Part;
import dev.jacobian.transformer.MemoryPlanner;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What a search takes at its worst moment, known before it begins: keys and values of sequences that have parted, and rows of the
 * vocabulary that are compared on the host.
 *
 * <p>Decisions: sequences are taken to have parted behind the prompt, which is the most that they can. A search that is small beside the
 * heap is not planned any further; of others the passes are counted too ({@link MemoryPlanner}).
 */
final class SearchMemory {
    /** A search that takes less than this part of the heap is not looked at more closely. */
    private static final int SMALL = 16;

    /** An object with a few numbers, and a reference to it. */
    private static final long OBJECT = 32;

    private final CausalLM model;
    private final GenerationConfig config;
    private final int prompt; // tokens of the longest
    private final int longest; // with its continuation
    private final KvCache cache;

    /** @param prefixes all that are searched behind */
    SearchMemory(CausalLM model, GenerationConfig config, List<Prefix> prefixes) {
        this.model = model;
        this.config = config;
        this.prompt = prefixes.stream().mapToInt(p -> p.tokens().length).max().orElse(0);
        this.longest = prefixes.stream()
                .mapToInt(p -> p.tokens().length
                        + config.length().newTokens(p.tokens().length - p.continued())
                        - p.continued())
                .max()
                .orElse(0);
        this.cache = model.newKvCache();
    }

    /** Sequences that are computed together for one prompt. */
    static int width(CausalLM model, GenerationConfig config) {
        return config.contrastive()
                ? Math.min(config.sampling().topK(), model.config().vocabularySize())
                : config.search().numBeams();
    }

    /**
     * How many prompts can be searched behind together.
     *
     * @param most more are not wanted
     * @throws IllegalStateException if there is no memory for one; it says how much it would be, and what would fit
     */
    int together(int most) {
        int width = width(model, config);
        int prompts = most;
        while (prompts > 1 && own(prompts, width).bytes() > room()) {
            prompts /= 2;
        }
        if (own(prompts, width).bytes() > Runtime.getRuntime().maxMemory() / SMALL) {
            require(own(prompts, width), width); // before what would count it in arrays that are as many
            require(whole(prompts, width), width);
        }
        return prompts;
    }

    private static long room() {
        return Runtime.getRuntime().maxMemory() / 4;
    }

    private void require(MemoryPlan plan, int width) {
        String name = config.contrastive() ? "top_k" : "num_beams";
        String search = config.contrastive() ? "contrastive search" : "beam search";
        plan.require(
                search + " with " + name + " " + width + " of up to " + longest + " tokens",
                () -> MemoryPlan.largestThatFits(Math.max(1, width - 1), 2 * room(), fewer -> own(1, fewer)).stream()
                        .mapToObj(fewer -> "a " + name + " of " + fewer + " or less")
                        .toList());
    }

    /** The model, its passes and the search. */
    private MemoryPlan whole(int prompts, int width) {
        Map<Part, Long> parts = new EnumMap<>(MemoryPlanner.inference(model)
                .generation(prompts, width, prompt, 2, false)
                .plan()
                .parts());
        parts.remove(Part.KV_CACHE);
        own(prompts, width).parts().forEach((part, bytes) -> parts.merge(part, bytes, Long::sum));
        return new MemoryPlan(parts);
    }

    /** What the search itself holds in the heap. */
    private MemoryPlan own(int prompts, int width) {
        boolean onHost = model.device().equals(Device.CPU);
        Map<Part, Long> parts = new EnumMap<>(Part.class);
        parts.put(Part.KV_CACHE, onHost ? times(prompts, cacheBytes(width)) : 0);
        parts.put(Part.LOGITS, times(prompts, config.contrastive() ? candidateRows(width) : beamRows(width)));
        parts.put(Part.RESULTS, times(prompts, config.contrastive() ? context(width) : continuations(width)));
        return new MemoryPlan(parts);
    }

    private long cacheBytes(int width) {
        if (config.contrastive()) { // one that goes on, and the candidates' last pages
            return cache.bytesOf(longest) + times(width, cache.bytesOf(KvCache.PAGE));
        }
        int shared = prompt / KvCache.PAGE * KvCache.PAGE;
        return cache.bytesOf(prompt) + times(width, cache.bytesOf(longest) - (shared == 0 ? 0 : cache.bytesOf(shared)));
    }

    private long row() {
        return (long) Float.BYTES * model.config().vocabularySize();
    }

    /** Copies of a row that a sequence's logits are. */
    private int copies() {
        return config.doSample() && config.temperature() != 1 ? 2 : 1;
    }

    private long candidateRows(int width) {
        return times(width, row() * copies()) + 3 * row(); // one is shaped, and becomes probabilities
    }

    /** Rows of two steps, the scores of one, and what is made of them to choose from. */
    private long beamRows(int width) {
        int vocabulary = model.config().vocabularySize();
        long listed = config.doSample() ? vocabulary : Math.min(vocabulary, times(candidates(), width));
        return times(width, row() * (2 * copies() + 1)) + times(width, listed * OBJECT);
    }

    private int candidates() {
        int ends = config.ignoreEos()
                ? 0
                : config.stop().endTokens(model.eosTokenIds()).size();
        return Math.max(2, 1 + ends);
    }

    /** Tokens and log-probabilities of beams and of what may become one. */
    private long continuations(int width) {
        return times(width, (1L + candidates()) * ((long) longest * Integer.BYTES + (longest - prompt) * OBJECT));
    }

    /** Hidden states of all tokens as unit vectors, and those of candidates. */
    private long context(int width) {
        int states = model.config().hiddenSize();
        return ((long) longest + width) * states * Double.BYTES;
    }

    /** A product of sizes that are not negative, or more than any memory. */
    private static long times(long a, long b) {
        return (double) a * b < 0x1p60 ? a * b : 1L << 60;
    }
}
