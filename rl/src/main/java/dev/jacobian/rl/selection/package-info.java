// SPDX-License-Identifier: Apache-2.0
/**
 * Data that a model makes for itself or for another: it answers problems several times, and some of the answers become rows.
 *
 * <p>{@link dev.jacobian.rl.selection.AnswerSampler} draws and judges, and a {@link dev.jacobian.rl.selection.Selection} chooses: rejection sampling and pairs of better and worse
 * ({@link dev.jacobian.rl.selection.Keep}), the shortest right answer ({@link dev.jacobian.rl.selection.ShortestCorrect}), pairs of short and long ({@link
 * dev.jacobian.rl.selection.ShorterPairs}). Several may choose from the same answers.
 */
package dev.jacobian.rl.selection;
