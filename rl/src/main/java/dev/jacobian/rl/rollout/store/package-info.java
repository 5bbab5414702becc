// SPDX-License-Identifier: Apache-2.0

/**
 * Groups on disk, for whatever waits in a checkpoint: {@link dev.jacobian.rl.rollout.store.GroupStore}. It looks at
 * {@code rl.rollout}; nothing there looks at it, so what keeps groups in files lives in a package of its own.
 */
package dev.jacobian.rl.rollout.store;
