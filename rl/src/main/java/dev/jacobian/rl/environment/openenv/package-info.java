// SPDX-License-Identifier: Apache-2.0
/** Environments that live in a server of their own and speak OpenEnv's protocol. */
package dev.jacobian.rl.environment.openenv;
