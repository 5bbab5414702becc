// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

/** A template is wrong, refuses its input, or goes beyond a limit. The message is one sentence without a final point. */
public final class JinjaException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Why a template failed. */
    public enum Kind {
        /** The source cannot be parsed. */
        SYNTAX,
        /** The template called {@code raise_exception}: it does not take this input. */
        RAISED,
        /** Something that does not exist was used. */
        UNDEFINED,
        /** Something that the sandbox forbids was used. */
        SECURITY,
        /** An operation failed on its values, as it would in Python. */
        OPERATION,
        /** One of {@link JinjaLimits} was reached. */
        LIMIT
    }

    private final Kind kind;
    private final int line;

    JinjaException(Kind kind, String message) {
        this(kind, message, 0);
    }

    JinjaException(Kind kind, String message, int line) {
        super(message);
        this.kind = kind;
        this.line = line;
    }

    static JinjaException operation(String message) {
        return new JinjaException(Kind.OPERATION, message);
    }

    static JinjaException limit(String message) {
        return new JinjaException(Kind.LIMIT, message);
    }

    /** This failure with its place, if it has none yet. */
    JinjaException at(int where) {
        if (line > 0) {
            return this;
        }
        JinjaException placed = new JinjaException(kind, String.valueOf(getMessage()), where);
        placed.setStackTrace(getStackTrace());
        return placed;
    }

    /** Why the template failed. */
    public Kind kind() {
        return kind;
    }

    /** The line of the template, counted from 1; 0 if it is not known. */
    public int line() {
        return line;
    }
}
