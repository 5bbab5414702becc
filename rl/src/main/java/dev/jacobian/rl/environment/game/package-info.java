// SPDX-License-Identifier: Apache-2.0
/** Games that a policy plays against a program. */
package dev.jacobian.rl.environment.game;
