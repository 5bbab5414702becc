// SPDX-License-Identifier: Apache-2.0
/**
 * The folder of a training run: its settings, logs and checkpoints, the lock that keeps other processes out, and what resuming
 * needs. Trainers of all kinds write theirs with {@link dev.jacobian.rl.run.RunDirectory}.
 */
package dev.jacobian.rl.run;
