// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction;

/**
 * Where a claim comes from.
 *
 * @param paper its short name and number
 * @param number what it reports
 */
public record Paper(String paper, String number) {}
