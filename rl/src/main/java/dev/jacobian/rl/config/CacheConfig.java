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
        OptionalDouble kvCacheGb) {
    public CacheConfig {
        require(
                kvCacheGb.orElse(1) > 0 && Double.isFinite(kvCacheGb.orElse(1)),
                "kv_cache_gb must be positive and finite, got " + kvCacheGb
                        + "; leave it out for what the memory plan leaves");
    }

    /** In bytes. */
    public OptionalLong kvCacheBytes() {
        return kvCacheGb.isEmpty()
                ? OptionalLong.empty()
                : OptionalLong.of(Math.max(1, (long) (kvCacheGb.getAsDouble() * (1L << 30))));
    }
}
