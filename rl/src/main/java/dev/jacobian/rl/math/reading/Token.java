// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.reading;

import dev.jacobian.rl.math.expression.Rational;
import java.util.Optional;

/**
 * A piece of a formula.
 *
 * @param text a command without its backslash, the content of a text, the name of an environment, a letter, a symbol
 * @param value of a number
 * @param spaced whether a blank stands before it
 * @param run of a letter: the word that it is in
 * @param offset of a letter: its place in the word
 */
record Token(Kind kind, String text, Optional<Rational> value, boolean spaced, String run, int offset) {

    enum Kind {
        NUMBER,
        LETTER,
        COMMAND,
        /** Words in roman type, or in a \text. */
        TEXT,
        BEGIN,
        END_OF,
        SYMBOL,
        END
    }

    static Token of(Kind kind, String text, boolean spaced) {
        return new Token(kind, text, Optional.empty(), spaced, "", 0);
    }

    static Token letter(String run, int offset, boolean spaced) {
        return new Token(Kind.LETTER, run.substring(offset, offset + 1), Optional.empty(), spaced, run, offset);
    }

    static Token number(String digits, Rational value, boolean spaced) {
        return new Token(Kind.NUMBER, digits, Optional.of(value), spaced, "", 0);
    }

    boolean is(String symbol) {
        return kind == Kind.SYMBOL && text.equals(symbol);
    }

    boolean isCommand(String name) {
        return kind == Kind.COMMAND && text.equals(name);
    }

    /** Whether it is a number without a decimal point. */
    boolean isWhole() {
        return kind == Kind.NUMBER && text.chars().allMatch(Character::isDigit);
    }
}
