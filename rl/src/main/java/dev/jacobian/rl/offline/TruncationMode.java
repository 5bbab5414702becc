// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

/** What becomes of an example that is longer than {@code max_length}. */
public enum TruncationMode {
    /** Its beginning stays. */
    KEEP_START,
    /** It is refused. */
    ERROR
}
