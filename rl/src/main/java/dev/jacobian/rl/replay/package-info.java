// SPDX-License-Identifier: Apache-2.0

/** Learning from groups of earlier steps: {@link dev.jacobian.rl.replay.ReplayBuffer}. */
package dev.jacobian.rl.replay;
