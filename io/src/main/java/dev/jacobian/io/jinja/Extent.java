// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import java.util.Collection;

/**
 * How large a value is when it is walked through: printed, compared, hashed. Known when a value is made, so that no walk is
 * begun that would not end: a list that holds another twice, and so forth for fifty levels, takes no memory to speak of and
 * has more elements than can be counted.
 *
 * @param depth levels of nesting
 * @param weight characters and elements, those that stand at several places counted at each
 */
record Extent(int depth, long weight) {
    static final Extent ONE = new Extent(0, 1);
    private static final long MAX_WEIGHT = 100_000_000;

    /** A container of these values. */
    static Extent of(Collection<Value> elements) {
        int depth = 0;
        long weight = 1;
        for (Value element : elements) {
            depth = Math.max(depth, element.extent().depth());
            weight += element.extent().weight();
        }
        return new Extent(depth + 1, weight).checked();
    }

    /** A container of two collections, keys and values. */
    static Extent of(Collection<Value> keys, Collection<Value> values) {
        Extent a = of(keys);
        Extent b = of(values);
        return new Extent(Math.max(a.depth, b.depth), a.weight + b.weight).checked();
    }

    private Extent checked() {
        if (depth > JinjaLimits.MAX_VALUE_DEPTH) {
            throw JinjaException.limit("the template nests lists or dictionaries deeper than "
                    + JinjaLimits.MAX_VALUE_DEPTH + " levels (limit: depth of a value)");
        }
        if (weight > MAX_WEIGHT) {
            throw JinjaException.limit(
                    "the template makes a list or dictionary of more than " + MAX_WEIGHT + " elements (limit: size)");
        }
        return this;
    }
}
