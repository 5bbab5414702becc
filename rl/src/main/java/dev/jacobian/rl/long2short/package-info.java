// SPDX-License-Identifier: Apache-2.0
/**
 * From long thoughts to short ones (Kimi k1.5, section 2.4): what a model with long chains of thought knows, with fewer tokens.
 *
 * <p>{@link dev.jacobian.rl.long2short.AnswerSampler} draws several completions of each problem; {@link
 * dev.jacobian.rl.long2short.ShortestCorrect} makes demonstrations of them, {@link dev.jacobian.rl.long2short.ShorterPairs} preferences. Merging is
 * in {@code dev.jacobian.transformer.merge}.
 */
package dev.jacobian.rl.long2short;
