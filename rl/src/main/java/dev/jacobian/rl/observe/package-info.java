// SPDX-License-Identifier: Apache-2.0

/**
 * Watching a run: observers measure a {@link dev.jacobian.rl.observe.TrainingStep step} when it is over and never change it;
 * listeners are told what was measured. A metric has the name that TRL gives it.
 */
package dev.jacobian.rl.observe;
