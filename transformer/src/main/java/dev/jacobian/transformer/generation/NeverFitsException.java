// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

/**
 * A request whose keys and values would not fit into the cache even if it were alone. To ask again does not help; a shorter request
 * or a larger cache does.
 */
public final class NeverFitsException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    private final String reason;

    NeverFitsException(String reason, String help) {
        super(reason + ". What helps: " + help);
        this.reason = reason;
    }

    /** What is too large, without what helps: whoever asks from elsewhere has neither the cache nor the heap in hand. */
    public String reason() {
        return reason;
    }
}
