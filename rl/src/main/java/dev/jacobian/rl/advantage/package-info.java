// SPDX-License-Identifier: Apache-2.0

/**
 * Advantages: how much better than its group a sample is.
 *
 * <p>An {@link dev.jacobian.rl.advantage.AdvantageEstimator} turns the rewards of a whole batch into an advantage per token. Most
 * see one {@link dev.jacobian.rl.advantage.GroupRewards group} (a prompt's samples) at a time and subtract a baseline; two
 * methods of the family usually differ in nothing else.
 *
 * <table>
 * <caption>Which estimator for which method</caption>
 * <tr><th>estimator</th><th>baseline</th><th>method</th></tr>
 * <tr><td>{@link dev.jacobian.rl.advantage.GroupNormalized}</td><td>mean, divided by the standard deviation</td>
 *     <td>GRPO, DAPO</td></tr>
 * <tr><td>{@link dev.jacobian.rl.advantage.MeanBaseline}</td><td>mean</td><td>Dr.GRPO, online mirror descent</td></tr>
 * <tr><td>{@link dev.jacobian.rl.advantage.LeaveOneOut}</td><td>mean of the others</td><td>RLOO</td></tr>
 * <tr><td>{@link dev.jacobian.rl.advantage.LengthWeightedBaseline}</td><td>length-weighted mean</td><td>OPO</td></tr>
 * <tr><td>{@link dev.jacobian.rl.advantage.LogMeanExpBaseline}</td><td>log-mean-exp</td>
 *     <td>online mirror descent, exact partition</td></tr>
 * <tr><td>{@link dev.jacobian.rl.advantage.BatchScaling}</td><td>another's, divided by the batch's standard deviation</td>
 *     <td>GRPO with {@code scale_rewards="batch"}</td></tr>
 * <tr><td>{@link dev.jacobian.rl.advantage.NoBaseline}</td><td>none</td><td>plain REINFORCE</td></tr>
 * <tr><td>{@link dev.jacobian.rl.advantage.WinRate}</td><td>the chance to beat the others, less one half</td>
 *     <td>SPPO</td></tr>
 * <tr><td>{@link dev.jacobian.rl.advantage.FixedBaseline}</td><td>a number</td>
 *     <td>SPPO with a preference model</td></tr>
 * </table>
 */
package dev.jacobian.rl.advantage;
