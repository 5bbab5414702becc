// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.harness;

/**
 * What one side took in one round.
 *
 * @param seconds median time of a call
 * @param peakBytes peak resident memory of its process, or 0 if unknown
 */
public record Sample(double seconds, long peakBytes) {}
