// SPDX-License-Identifier: Apache-2.0

/** The claims, a file each: what a paper says, the experiment at small scale, and the rule for its verdict. */
package dev.jacobian.rl.reproduction.claim;
