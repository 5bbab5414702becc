// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/**
 * What a layer keeps of the sequences in a {@link KvCache}: stated by the layer, laid out by the cache of each device.
 *
 * <p>Decision: a form of its own is a record of its own, whether it grows by tokens, ends at a window or is one state that is written
 * over. Caches switch over all forms, so that a new one does not compile until each of them holds it.
 */
public sealed interface CacheSpec permits KvShape, CarriedStates {
    /** Numbers kept of a sequence of so many tokens. */
    long numbers(long tokens);
}
