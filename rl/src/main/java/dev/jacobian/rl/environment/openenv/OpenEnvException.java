// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.openenv;

import java.io.IOException;

/** A server has answered with an error, or what it answered is not OpenEnv's protocol. */
public final class OpenEnvException extends IOException {
    private static final long serialVersionUID = 1L;

    private final String code;

    /**
     * @param code the protocol's, such as {@code VALIDATION_ERROR}; empty where the server is to blame for what is no answer at all
     */
    OpenEnvException(String code, String message) {
        super((code.isEmpty() ? "" : code + ": ") + message);
        this.code = code;
    }

    /** The protocol's code, such as {@code VALIDATION_ERROR}. */
    public String code() {
        return code;
    }

    /** Whether an action was at fault, and the session goes on. */
    boolean isRefusedAction() {
        return code.equals("VALIDATION_ERROR");
    }
}
