// SPDX-License-Identifier: Apache-2.0
/** What happened between a policy and its environment, as rewards, metrics and logs read it. */
package dev.jacobian.rl.episode;
