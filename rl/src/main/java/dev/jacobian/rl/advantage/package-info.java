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
 * <tr><td>{@link dev.jacobian.rl.advantage.ScoreWeightedBaseline}</td><td>mean weighted by squared gradient norms</td>
 *     <td>OPO with its exact baseline</td></tr>
 * <tr><td>{@link dev.jacobian.rl.advantage.LogMeanExpBaseline}</td><td>log-mean-exp</td>
 *     <td>online mirror descent, exact partition</td></tr>
 * <tr><td>{@link dev.jacobian.rl.advantage.BatchScaling}</td><td>another's, divided by the batch's standard deviation</td>
 *     <td>GRPO with {@code scale_rewards="batch"}</td></tr>
 * <tr><td>{@link dev.jacobian.rl.advantage.NoBaseline}</td><td>none</td><td>plain REINFORCE</td></tr>
 * <tr><td>{@link dev.jacobian.rl.advantage.GreedyBaseline}</td><td>what the greedy completion earns</td>
 *     <td>ReMax</td></tr>
 * <tr><td>{@link dev.jacobian.rl.advantage.WinRate}</td><td>the chance to beat the others, less one half</td>
 *     <td>SPPO</td></tr>
 * <tr><td>{@link dev.jacobian.rl.advantage.FixedBaseline}</td><td>a number</td>
 *     <td>SPPO with a preference model</td></tr>
 * <tr><td>{@link dev.jacobian.rl.advantage.WholeBatch}</td><td>another's, with the batch as one group</td>
 *     <td>REINFORCE++ as OPO's authors run it</td></tr>
 * <tr><td>{@link dev.jacobian.rl.advantage.BatchWhitened}</td><td>another's, whitened over all tokens</td>
 *     <td>REINFORCE++ and its baseline variant</td></tr>
 * <tr><td>{@link dev.jacobian.rl.advantage.RewardToGo}</td><td>none; what a token and those after it earned</td>
 *     <td>REINFORCE++</td></tr>
 * <tr><td>{@link dev.jacobian.rl.advantage.NonZeroScaling}</td><td>another's, times samples per rewarded sample</td>
 *     <td>GPG</td></tr>
 * <tr><td>{@link dev.jacobian.rl.advantage.BestOfGroup}</td><td>the second best, for the best alone</td>
 *     <td>GRPO for pass@k</td></tr>
 * <tr><td>{@link dev.jacobian.rl.advantage.PassAtKAdvantage}</td><td>pass@k of the group</td><td>pass@k training</td></tr>
 * <tr><td>{@link dev.jacobian.rl.advantage.MeanNormalized}</td><td>mean, divided by the mean</td><td>MaxRL</td></tr>
 * <tr><td>{@link dev.jacobian.rl.advantage.LonelyReward}</td><td>another's, but none for a sample alone</td>
 *     <td>verl's groups of one</td></tr>
 * </table>
 *
 * <p>{@link dev.jacobian.rl.advantage.GeneralizedAdvantage} and {@link dev.jacobian.rl.advantage.OptimalTokenBaseline} need more than
 * rewards (values, the distributions that were sampled from) and are functions of arrays.
 */
package dev.jacobian.rl.advantage;
