// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/**
 * Elements of each head of a row.
 *
 * @param heads of a row
 * @param width elements of a head
 * @param first of the elements that are meant
 */
public record HeadRun(int heads, int width, int first) {}
