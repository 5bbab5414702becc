// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

/**
 * A token that is found in the text before anything else happens to it.
 *
 * @param id its id
 * @param content its text
 * @param special whether decoding may skip it; a token such as {@code <think>} is added but not special
 * @param normalized whether it is looked for in normalised text instead of raw text
 * @param lstrip whether it swallows white space on its left
 * @param rstrip whether it swallows white space on its right
 * @param singleWord whether it counts only where no word character touches it
 */
public record AddedToken(
        int id,
        String content,
        boolean special,
        boolean normalized,
        boolean lstrip,
        boolean rstrip,
        boolean singleWord) {}
