// SPDX-License-Identifier: Apache-2.0

/** What the experiments share: a task with a dial for difficulty, traces that slip and check themselves, and models small enough for seconds. */
package dev.jacobian.rl.reproduction.rig;
