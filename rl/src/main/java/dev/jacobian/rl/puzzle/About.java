// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

/**
 * What a list says of a puzzle.
 *
 * @param name the name that a command line takes
 * @param family what kind of thinking it asks for
 * @param summary what is asked, and what rises with the difficulty, in one line
 * @param levels how hard it can be made
 */
public record About(String name, PuzzleFamily family, String summary, Levels levels) {}
