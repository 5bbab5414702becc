// SPDX-License-Identifier: Apache-2.0
/** Partial rollouts: groups whose samples are written in several rollouts, and what is learned from them. */
package dev.jacobian.rl.rollout.partial;
