// SPDX-License-Identifier: Apache-2.0

/**
 * Rollouts on several machines. {@link dev.jacobian.cluster.Workers} is the master's side, a {@link dev.jacobian.rl.rollout.Carrier};
 * {@link dev.jacobian.cluster.WorkerServer} is a worker.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>A worker samples and does nothing else: rewards, environments, evaluation and training stay with the master, which alone has state
 *       that matters. A worker can be killed at any moment, and a master continues from its checkpoint as a run in one process does.
 *   <li>Token ids go out, token ids and log-probabilities come back. Which worker drew a sample has no part in any number, because sampling
 *       follows from seed, key, sample and position, and kernels have one order of sums. So one process, one worker or four give the same
 *       final weights, bit for bit, whoever dies.
 *   <li>Weights are known by their content. They come in pieces, as differences where that is shorter, are checked piece by piece, and are used
 *       when all are there. Version numbers are for people.
 *   <li>The JDK's HTTP client and the small server of {@code dev.jacobian.serve.http}; a code under every request and answer instead of a
 *       session that could be taken over; TLS where a key store is given.
 * </ul>
 */
package dev.jacobian.cluster;
