// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

/** A worker's "no", with its reason. */
final class Refusal extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** What can be done about it. */
    enum Kind {
        /** Nothing: it is another version, model or arithmetic. */
        FOREIGN,
        /** Begin anew: the worker knows nothing of the session, because it was started again or has let it go. */
        UNKNOWN,
        /** Come again later: others keep it busy, or its disk or memory is full. */
        BUSY,
        /** What was asked makes no sense to it. */
        BROKEN
    }

    private final Kind kind;

    Refusal(Kind kind, String message) {
        super(message);
        this.kind = kind;
    }

    Refusal(Kind kind, String message, Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    Kind kind() {
        return kind;
    }

    /** The HTTP status under which it travels. */
    int status() {
        return switch (kind) {
            case FOREIGN -> 409;
            case UNKNOWN -> 404;
            case BUSY -> 503;
            case BROKEN -> 400;
        };
    }
}
