// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

/** What KTO compares rewards with. */
public enum KtoLoss {
    /** An estimate of the divergence from the reference, from completions behind other prompts. */
    KTO,
    /** Nothing: 0. */
    APO_ZERO_UNPAIRED
}
