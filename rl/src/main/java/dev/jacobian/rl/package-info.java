// SPDX-License-Identifier: Apache-2.0

/**
 * Reinforcement learning of language models: a {@link dev.jacobian.rl.RlConfig configuration}, the
 * {@link dev.jacobian.rl.RlTrainer trainer} whose step is the method in seven lines, and the
 * {@link dev.jacobian.rl.evaluation.Evaluator measure} of what it achieved. What they are made of lies in rooms, each of which knows only
 * rooms further down:
 *
 * <table>
 * <caption>Rooms</caption>
 * <tr><th>package</th><th>holds</th></tr>
 * <tr><td>{@code rl}, {@code rl.sft}</td><td>the trainers</td></tr>
 * <tr><td>{@code rl.evaluation}</td><td>what a model can do, and how sure that is</td></tr>
 * <tr><td>{@code rl.observe}</td><td>what a step measured, and who is told</td></tr>
 * <tr><td>{@code rl.learn}</td><td>credit, the gradient of a step, the optimizer step of all trainers</td></tr>
 * <tr><td>{@code rl.method}</td><td>the methods, each with its settings</td></tr>
 * <tr><td>{@code rl.rollout}</td><td>which problems are asked, what is sampled for them and how it is scored</td></tr>
 * <tr><td>{@code rl.task}, {@code rl.reward}</td><td>problems and rewards</td></tr>
 * <tr><td>{@code rl.objective}, {@code rl.advantage}, {@code rl.metric}, {@code rl.config}, {@code rl.run}</td>
 *     <td>formulas, settings, the folder of a run: they know no other room</td></tr>
 * </table>
 */
package dev.jacobian.rl;
