// SPDX-License-Identifier: Apache-2.0

/**
 * What a model can do, measured: an {@link dev.jacobian.rl.evaluation.Evaluator} samples the held-out problems of tasks and says how often
 * they are solved, how sure that is, and how long, varied and repetitive the answers are.
 */
package dev.jacobian.rl.evaluation;
