// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import java.util.OptionalLong;

/**
 * Limits of an {@link Engine}. None of them changes a result.
 *
 * @param maxSequences continuations that advance together
 * @param maxPrefillTokens tokens of prompts that are computed in a step; a longer prompt takes several, so that those who are
 *     running go on meanwhile
 * @param kvCacheBytes what keys, values and states of all sequences may take; or the model's own limit
 *     ({@link dev.jacobian.transformer.CausalLM#kvCacheBytes()}), or else what the memory plan leaves
 * @param swapBytes what copies of sequences may take that were set aside for want of memory, outside of the cache, so that they need not be
 *     computed again; 0 for none; or the model's own limit ({@link dev.jacobian.transformer.CausalLM#kvSwapBytes()})
 * @param prefixReuse what is kept for later requests that begin with the same tokens
 * @param maxWaiting requests that may wait in an {@link AsyncEngine}; more are refused
 */
public record EngineConfig(
        int maxSequences,
        int maxPrefillTokens,
        OptionalLong kvCacheBytes,
        OptionalLong swapBytes,
        PrefixReuse prefixReuse,
        int maxWaiting) {
    /** 256 sequences, prefill by 512 tokens, what the memory plan leaves, turns of conversations reused, 1024 waiting. */
    public static final EngineConfig DEFAULT =
            new EngineConfig(256, 512, OptionalLong.empty(), OptionalLong.empty(), PrefixReuse.TURNS, 1024);

    /** What is kept for requests that begin alike; under pressure the least recently used goes first. */
    public enum PrefixReuse {
        /** Nothing; the samples of a request still share their prompt. */
        OFF,
        /** Prompts. */
        PROMPTS,
        /** Prompts with their answers too: what the next turn of a conversation begins with. */
        TURNS
    }

    public EngineConfig {
        require(maxSequences >= 1, "max_sequences must be at least 1, got " + maxSequences);
        require(maxPrefillTokens >= 1, "max_prefill_tokens must be at least 1, got " + maxPrefillTokens);
        require(maxWaiting >= 1, "max_waiting must be at least 1, got " + maxWaiting);
        require(
                kvCacheBytes.isEmpty() || kvCacheBytes.getAsLong() > 0,
                "kv_cache_gb must be positive; leave it out for what the memory plan leaves");
        require(swapBytes.orElse(0) >= 0, "kv_swap_gb must not be negative, got " + swapBytes.orElse(0) + " bytes");
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }

    /** The same with another limit of sequences. */
    public EngineConfig withMaxSequences(int value) {
        return new EngineConfig(value, maxPrefillTokens, kvCacheBytes, swapBytes, prefixReuse, maxWaiting);
    }

    /** The same with another limit of prompt tokens in a step. */
    public EngineConfig withMaxPrefillTokens(int value) {
        return new EngineConfig(maxSequences, value, kvCacheBytes, swapBytes, prefixReuse, maxWaiting);
    }

    /** The same with so many GiB for keys and values. */
    public EngineConfig withKvCacheGb(double gibibytes) {
        return withKvCacheBytes((long) (gibibytes * (1L << 30)));
    }

    /** The same with so many bytes for keys and values. */
    public EngineConfig withKvCacheBytes(long bytes) {
        return new EngineConfig(
                maxSequences, maxPrefillTokens, OptionalLong.of(bytes), swapBytes, prefixReuse, maxWaiting);
    }

    /** The same with so many bytes for sequences that were set aside. */
    public EngineConfig withSwapBytes(long bytes) {
        return new EngineConfig(
                maxSequences, maxPrefillTokens, kvCacheBytes, OptionalLong.of(bytes), prefixReuse, maxWaiting);
    }

    /** The same with another reuse of beginnings. */
    public EngineConfig withPrefixReuse(PrefixReuse value) {
        return new EngineConfig(maxSequences, maxPrefillTokens, kvCacheBytes, swapBytes, value, maxWaiting);
    }

    /** The same with another limit of waiting requests. */
    public EngineConfig withMaxWaiting(int value) {
        return new EngineConfig(maxSequences, maxPrefillTokens, kvCacheBytes, swapBytes, prefixReuse, value);
    }
}
