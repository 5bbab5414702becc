// SPDX-License-Identifier: Apache-2.0

/**
 * What papers claim, measured at small scale: a claim with its experiment and a rule that was fixed before it was run, a runner that can be
 * killed, and the page and the table that show what came of it.
 */
package dev.jacobian.rl.reproduction;
