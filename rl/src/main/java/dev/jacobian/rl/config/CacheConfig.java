// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import static dev.jacobian.rl.config.Checks.require;

import java.util.OptionalDouble;
import java.util.OptionalLong;

/** What the sampler's keys and values may take. No bit depends on it. */
public record CacheConfig(
        @Setting(
                value = "null",
                doc = "memory in GiB for keys and values of all samples; who finds none waits, or is set aside and"
                        + " computed again; null: what the memory plan leaves")
        OptionalDouble kvCacheGb,

        @Setting(
                value = "null",
                doc = "memory in GiB, beside kv_cache_gb, for copies of keys and values of samples that are set aside,"
                        + " which then need not be computed again; on the CPU; null: none")
        OptionalDouble kvSwapGb) {
    public CacheConfig {
        require(
                kvCacheGb.orElse(1) > 0 && Double.isFinite(kvCacheGb.orElse(1)),
                "kv_cache_gb must be positive and finite, got " + kvCacheGb
                        + "; leave it out for what the memory plan leaves");
        require(
                kvSwapGb.orElse(1) > 0 && Double.isFinite(kvSwapGb.orElse(1)),
                "kv_swap_gb must be positive and finite, got " + kvSwapGb + "; leave it out for none");
        require(
                kvSwapGb.isEmpty() || kvCacheGb.isPresent(),
                "kv_swap_gb is memory beside kv_cache_gb, which by default takes all that there is; set that too, or"
                        + " leave kv_swap_gb out");
    }

    /** In bytes. */
    public OptionalLong kvCacheBytes() {
        return kvCacheGb.isEmpty() ? OptionalLong.empty() : OptionalLong.of(bytes(kvCacheGb.getAsDouble()));
    }

    /** Of copies of samples that are set aside, in bytes; 0 for none. */
    public long kvSwapBytes() {
        return kvSwapGb.isEmpty() ? 0 : bytes(kvSwapGb.getAsDouble());
    }

    private static long bytes(double gibibytes) {
        return Math.max(1, (long) (gibibytes * (1L << 30)));
    }
}
