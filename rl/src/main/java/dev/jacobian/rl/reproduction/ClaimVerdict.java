// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction;

/** What came of a claim. */
public enum ClaimVerdict {
    /** All of it points the way that the paper says, beyond the spread of seeds. */
    REPRODUCED("reproduced in direction"),
    /** Some of it points the other way, beyond the spread of seeds. */
    NOT_REPRODUCED("not reproduced"),
    /** Neither: the spread of seeds is as large as what was to be seen. */
    INCONCLUSIVE("inconclusive");

    private final String words;

    ClaimVerdict(String words) {
        this.words = words;
    }

    /** As reports write it. */
    public String words() {
        return words;
    }
}
