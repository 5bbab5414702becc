// SPDX-License-Identifier: Apache-2.0

/** Learning, whatever the gradient comes from: the optimizer step that every trainer shares. */
package dev.jacobian.rl.learn;
