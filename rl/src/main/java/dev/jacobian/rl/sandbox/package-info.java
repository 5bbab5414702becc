// SPDX-License-Identifier: Apache-2.0

/**
 * Running programs that nobody trusts: what a model wrote, what a data set brought along.
 *
 * <p>{@link dev.jacobian.rl.sandbox.Sandbox#run} takes a {@link dev.jacobian.rl.sandbox.Program}, its standard input and
 * {@link dev.jacobian.rl.sandbox.Limits}, and answers with an {@link dev.jacobian.rl.sandbox.Outcome}. What the program did is never
 * an exception; that the sandbox itself failed always is ({@link dev.jacobian.rl.sandbox.SandboxException}), so that nobody
 * takes the one for the other.
 *
 * <p>Each run has processes, a file system and a network of its own, made for it by the kernel and gone with it: no worker is
 * used twice, so nothing that one program does can reach the next. How strong the walls are depends on the machine;
 * {@link dev.jacobian.rl.sandbox.Protection} finds out once and says it.
 */
package dev.jacobian.rl.sandbox;
