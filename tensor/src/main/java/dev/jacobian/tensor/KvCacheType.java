// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * How a {@link KvCache} holds the numbers of keys and values, under the names that users of llama.cpp know.
 *
 * <p>Arithmetic is the same in every type: attention over a cache of 8 bits has, bit for bit, the value of attention over an exact cache
 * of the rounded keys and values. A token's own key is rounded too before its query meets it, so a prompt has the same bits however
 * it is cut, alone or in a batch, shared or not; but they are other bits than those of the exact cache.
 *
 * <table>
 *   <caption>Advantages and disadvantages</caption>
 *   <tr><th>type</th><th>bits per number</th><th>what it costs</th></tr>
 *   <tr><td>{@link #AUTO}</td><td>those that the model computes in</td><td>nothing but memory</td></tr>
 *   <tr><td>{@link #F32}</td><td>32</td><td>the same; an error where the model computes in BF16</td></tr>
 *   <tr><td>{@link #Q8_0}</td><td>8 and a scale: 9 where heads are a multiple of 32</td><td>an error of at most 1/254 of the largest of 32
 *       neighbours; log-probabilities that are not a trainer's; on the CPU alone</td></tr>
 * </table>
 *
 * <p>The exact formulas stand in {@code KvRounding}. States that layers carry from token to token are held as they are.
 */
public enum KvCacheType {
    /** What the layers computed, as it is. */
    AUTO,
    /** The same, and it is binary32. */
    F32,
    /** Blocks of 32 neighbours within a head: 8-bit integers and one F32 scale. */
    Q8_0;

    /**
     * The type of that name, in upper or lower case.
     *
     * @throws IllegalArgumentException naming all types
     */
    public static KvCacheType parse(String name) {
        return Arrays.stream(values())
                .filter(type -> type.label().equals(name.toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("unknown type of KV cache '" + name + "'; use one of "
                        + Arrays.stream(values()).map(KvCacheType::label).collect(Collectors.joining(", "))));
    }

    /** The name in lower case, as options spell it. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Whether it holds less than what the layers computed. */
    public boolean isRounded() {
        return this == Q8_0;
    }
}
