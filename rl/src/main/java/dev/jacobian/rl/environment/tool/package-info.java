// SPDX-License-Identifier: Apache-2.0
/** Tools that a policy may call, and the environment that runs them. */
package dev.jacobian.rl.environment.tool;
