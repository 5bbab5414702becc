// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

/** What {@link Sft} sums over tokens. */
public enum SftLoss {
    /** −log π. */
    NLL,
    /** The same. */
    CHUNKED_NLL,
    /** −⌊π⌋ log π. */
    DFT;

    /** What a token's log-probability is multiplied with, without gradient. */
    double weight(double logProb) {
        return this == DFT ? StrictMath.exp(logProb) : 1;
    }
}
