// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

/**
 * A piece of a template's source.
 *
 * @param text of data its text, of a string its content with escapes resolved, of others their spelling
 * @param line counted from 1
 */
record Token(Kind kind, String text, int line) {
    enum Kind {
        DATA,
        BLOCK_BEGIN,
        BLOCK_END,
        VARIABLE_BEGIN,
        VARIABLE_END,
        NAME,
        STRING,
        INTEGER,
        FLOAT,
        OPERATOR,
        END
    }

    boolean is(Kind other, String spelling) {
        return kind == other && text.equals(spelling);
    }

    boolean isName(String spelling) {
        return is(Kind.NAME, spelling);
    }

    boolean isOperator(String spelling) {
        return is(Kind.OPERATOR, spelling);
    }

    /** For messages. */
    String described() {
        return switch (kind) {
            case DATA -> "template text";
            case BLOCK_BEGIN -> "begin of statement block";
            case BLOCK_END -> "end of statement block";
            case VARIABLE_BEGIN -> "begin of print statement";
            case VARIABLE_END -> "end of print statement";
            case STRING -> "a string";
            case END -> "end of template";
            case NAME, INTEGER, FLOAT, OPERATOR -> text;
        };
    }
}
