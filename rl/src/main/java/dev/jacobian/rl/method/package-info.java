// SPDX-License-Identifier: Apache-2.0

/**
 * Policy-optimisation methods. Each is one record on one screen: its formulas, its settings with their defaults, and the
 * {@link dev.jacobian.rl.method.Algorithm choices} that follow from them. {@link dev.jacobian.rl.method.Methods} lists those
 * that have a name on the command line; a method of one's own is another implementation of
 * {@link dev.jacobian.rl.method.Method}.
 */
package dev.jacobian.rl.method;
