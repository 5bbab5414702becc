// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

/** What becomes of an example that is longer than {@code max_length}: of prompt and completion as one sequence. */
public enum TruncationMode {
    /** Its beginning stays. */
    KEEP_START,
    /** Its end stays; of a pair each half for itself, so that a prompt may begin later in one of them. */
    KEEP_END,
    /** It is refused. */
    ERROR
}
