// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/**
 * Where rows of a batch belong in a cache.
 *
 * @param layer layer index in the cache
 * @param sequences cache handle of each segment
 * @param segments how the rows divide
 */
public record CachedRows(KvCache cache, int layer, int[] sequences, Segments segments) {}
