// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.tensor.Tensor;

/**
 * A prompt that was computed, and waits for samples that have no place yet.
 *
 * @param handle its sequence in the cache
 * @param hidden [1, D] of its last token, from which every first token is chosen; on the CPU
 */
record HeldPrompt(int handle, Tensor hidden) {}
