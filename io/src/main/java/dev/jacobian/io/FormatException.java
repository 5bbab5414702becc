// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

import dev.jacobian.tensor.Nullable;

/**
 * A file does not have the form that its format asks for.
 *
 * <p>Unchecked, because no caller can mend a broken file in the middle of a computation; and in three parts, because a
 * reader of the message needs three things: where it is wrong, what is wrong there, and what to do about it. Control
 * characters are written out ({@link Printable}) and overlong parts cut.
 */
public class FormatException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Longest part of a message, in characters: the names and values in it come from files, which may be hostile. */
    private static final int MAX_PART = 1000;

    private final String where;
    private final String what;
    private final String fix;

    /**
     * @param where the file and the place in it, for example {@code "model.safetensors, tensor 'lm_head.weight'"}
     * @param what what was found there, and what was expected
     * @param fix what the user can do
     */
    public FormatException(String where, String what, String fix) {
        this(where, what, fix, null);
    }

    /** As {@link #FormatException(String, String, String)}, with the lower-level exception that revealed the fault. */
    public FormatException(String where, String what, String fix, @Nullable Throwable cause) {
        super(part(where) + ": " + part(what) + ". " + part(fix), cause);
        this.where = part(where);
        this.what = part(what);
        this.fix = part(fix);
    }

    private static String part(String raw) {
        String text = Printable.of(raw);
        return text.length() <= MAX_PART
                ? text
                : text.substring(0, MAX_PART / 2) + " ... " + text.substring(text.length() - MAX_PART / 2);
    }

    /** The file and the place in it. */
    public String where() {
        return where;
    }

    /** What was found, and what was expected. */
    public String what() {
        return what;
    }

    /** How to mend it. */
    public String fix() {
        return fix;
    }
}
