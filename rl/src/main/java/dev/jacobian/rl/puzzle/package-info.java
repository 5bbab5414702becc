// SPDX-License-Identifier: Apache-2.0

/**
 * Puzzles: problems that a program makes without end, of any difficulty, and judges without doubt.
 *
 * <p>One {@link dev.jacobian.rl.puzzle.Puzzle} a file: how a question is drawn, and what answers it. All the rest is said once:
 * {@link dev.jacobian.rl.puzzle.PuzzleTask} makes a task of it, with training and evaluation apart,
 * {@link dev.jacobian.rl.puzzle.PuzzleReward} finds the answer in a completion. A new puzzle is a file and a line in
 * {@link dev.jacobian.rl.puzzle.Puzzles}; the command line, the list of tasks and the tests that hold for all puzzles follow.
 */
package dev.jacobian.rl.puzzle;
