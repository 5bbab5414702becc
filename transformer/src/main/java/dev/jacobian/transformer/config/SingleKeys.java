// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.config;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.JsonFields;
import java.util.Map;

/** The keys of a config.json that say one thing each: a switch, a size, a factor. */
public abstract sealed class SingleKeys permits LayerKeys {
    static final int MAX_LAYERS = 1 << 12;

    /** Most positions; the longest context that is published has 10 million. */
    static final int MAX_POSITIONS = 1 << 24;

    final JsonFields fields;
    private final Map<String, String> names;

    SingleKeys(JsonFields fields, Map<String, String> names) {
        this.fields = fields;
        this.names = names;
    }

    /** A key that is true or false, and false if it is absent. */
    public boolean flag(String key) {
        return flag(key, false);
    }

    /** The same where an absent key means {@code unlessSaid}. */
    public boolean flag(String key, boolean unlessSaid) {
        return fields.bool(key, unlessSaid);
    }

    /** A size of at least 1 and at most {@code limit}. */
    public int positive(String key, int limit) {
        return positive(fields, name(key), limit);
    }

    /** The same where an absent key means {@code unlessSaid}. */
    public int positive(String key, int limit, int unlessSaid) {
        return fields.find(name(key)).isPresent() ? positive(key, limit) : unlessSaid;
    }

    /** A factor above 0, {@code unlessSaid} if it is absent. */
    public double factor(String key, double unlessSaid) {
        return requirePositive(fields, name(key), fields.number(name(key), unlessSaid));
    }

    /** A soft cap: a number above 0, 0 for none if the key is null, and {@code unlessSaid} if it is absent. */
    public float softCap(String key, double unlessSaid) {
        boolean none = fields.find(key).isEmpty() && (fields.node().has(key) || unlessSaid == 0);
        return none ? 0 : (float) factor(key, unlessSaid);
    }

    /** The factor on scores that a size under their root makes: {@code key^-0.5}. */
    public float inverseRoot(String key, double unlessSaid) {
        return (float) (1 / Math.sqrt(factor(key, unlessSaid)));
    }

    /** Keys that files of the family carry without a meaning. */
    public void unused(String... keys) {
        fields.ignore(keys);
    }

    /** A key that is understood at one value (JSON), which means what is computed here anyway; any other stays an error. */
    public void only(String key, String value) {
        fields.ignoreAt(key, Json.parse(value, key));
    }

    /** {@code max_position_embeddings}. */
    public int maxPositions() {
        return positive("max_position_embeddings", MAX_POSITIONS);
    }

    int layers() {
        return positive("num_hidden_layers", MAX_LAYERS);
    }

    /** What the family calls a key. */
    final String name(String key) {
        return names.getOrDefault(key, key);
    }

    static int positive(JsonFields fields, String key, int limit) {
        int value = fields.integer(key);
        if (value < 1 || value > limit) {
            throw new FormatException(
                    fields.where(), "'" + key + "' must lie between 1 and " + limit + ", found " + value, "Correct it");
        }
        return value;
    }

    /** A factor that kernels hold in F32: what rounds to 0 or to infinity there is as wrong as 0 itself. */
    static double requirePositive(JsonFields fields, String key, double value) {
        if (!((float) value > 0) || Float.isInfinite((float) value)) {
            throw new FormatException(
                    fields.where(),
                    key + " must be positive and finite in 32-bit floating point, found " + value,
                    "Correct it");
        }
        return value;
    }
}
