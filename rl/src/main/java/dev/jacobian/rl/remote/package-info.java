// SPDX-License-Identifier: Apache-2.0
/**
 * Training elsewhere: the client of a training service, which {@code jacobian serve --train} is and Tinker is.
 *
 * <p>{@link dev.jacobian.rl.remote.ServiceClient} makes {@link dev.jacobian.rl.remote.TrainingClient}s, which have the verbs of {@link
 * dev.jacobian.rl.loop.Trainer}, and {@link dev.jacobian.rl.remote.SamplingClient}s.
 */
package dev.jacobian.rl.remote;
