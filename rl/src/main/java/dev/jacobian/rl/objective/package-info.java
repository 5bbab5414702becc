// SPDX-License-Identifier: Apache-2.0

/**
 * Objectives: from log-probabilities and advantages to a loss and its derivative, in closed form.
 *
 * <p>A language model enters a policy objective only through the log-probability of each sampled token, so an objective
 * needs no tensors: {@link dev.jacobian.rl.objective.TokenBatch} in, {@link dev.jacobian.rl.objective.ObjectiveResult}
 * with dL/dlogp per token out, and the model takes that gradient as the start of its backward pass. Every objective is
 * a small value whose {@code evaluate} has the loss and its derivative on neighbouring lines.
 *
 * <table>
 * <caption>Which objective for which method</caption>
 * <tr><th>objective</th><th>methods</th></tr>
 * <tr><td>{@link dev.jacobian.rl.objective.ClippedSurrogate}</td><td>PPO, GRPO, DAPO, Dr.GRPO; GSPO and TRL's RLOO by
 *     their sequence ratios</td></tr>
 * <tr><td>{@link dev.jacobian.rl.objective.CappedImportance}</td><td>CISPO</td></tr>
 * <tr><td>{@link dev.jacobian.rl.objective.SquaredLogRatio}</td><td>online mirror descent, DRO, SPPO</td></tr>
 * <tr><td>{@link dev.jacobian.rl.objective.Reinforce}</td><td>REINFORCE, OPO</td></tr>
 * </table>
 *
 * <p>How token losses add up to one number is not the objective's business but that of
 * {@link dev.jacobian.rl.objective.Aggregation}, whose divisor is fixed once per optimizer step:
 *
 * <pre>{@code
 * Normalizer normalizer = Aggregation.tokenMean().normalizer(lengthsOfAllSequences);   // once per optimizer step
 * for (TokenBatch batch : microBatches) {
 *     ObjectiveResult result = objective.evaluate(batch, normalizer);                  // losses, gradients add up
 * }
 * }</pre>
 */
package dev.jacobian.rl.objective;
