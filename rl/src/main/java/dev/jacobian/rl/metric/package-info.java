// SPDX-License-Identifier: Apache-2.0

/** Evaluation metrics over samples of a policy: how often it solves a problem, and how varied and repetitive it is. */
package dev.jacobian.rl.metric;
