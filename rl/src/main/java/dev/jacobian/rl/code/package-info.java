// SPDX-License-Identifier: Apache-2.0

/**
 * Programs judged by tests: what a reward for code rests on.
 *
 * <p>A {@link dev.jacobian.rl.code.Judge} runs a program on {@link dev.jacobian.rl.code.TestCase tests} in a
 * {@link dev.jacobian.rl.sandbox.Sandbox} and gives a {@link dev.jacobian.rl.code.Verdict}; {@link dev.jacobian.rl.code.CodeReward} takes the
 * program out of a completion and the tests out of a data set's row. {@link dev.jacobian.rl.code.TestGeneration} makes tests for problems that
 * have none, by the rules of Kimi k1.5.
 */
package dev.jacobian.rl.code;
