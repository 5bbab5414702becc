// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/**
 * Reads formulas with {@code ¬ ∧ ∨ → ↔} and parentheses, in falling order of precedence, implications to the right, and says
 * in which worlds they are true. Length and depth are bounded.
 */
final class PropositionalFormula {
    private static final int MAX_LENGTH = 1000;
    private static final int MAX_DEPTH = 64;
    private static final int MAX_VARIABLES = 12;
    private static final String OPERATORS = "\u2194\u2192\u2228\u2227"; // from the loosest to the tightest

    private final String text;
    private final List<String> variables;
    private final int worlds;
    private int position;
    private int depth;

    private PropositionalFormula(String text, List<String> variables) {
        this.text = text;
        this.variables = variables;
        this.worlds = 1 << variables.size();
    }

    private static final class Unreadable extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Unreadable() {
            super("not a formula", null, false, false);
        }
    }

    /** A bit for each world, whose bits are the variables' values; empty if the text is no formula in these variables. */
    static Optional<long[]> truth(String text, List<String> variables) {
        String plain = text.replaceAll("\\s+", "");
        if (plain.length() > MAX_LENGTH || variables.size() > MAX_VARIABLES) {
            return Optional.empty();
        }
        PropositionalFormula reader = new PropositionalFormula(plain, variables);
        try {
            BitSet bits = reader.binary(0);
            if (reader.position < plain.length()) {
                return Optional.empty();
            }
            return Optional.of(Arrays.copyOf(bits.toLongArray(), (reader.worlds + 63) / 64));
        } catch (Unreadable none) {
            return Optional.empty();
        }
    }

    private BitSet binary(int level) {
        if (level == OPERATORS.length()) {
            return unary();
        }
        BitSet left = binary(level + 1);
        char operator = OPERATORS.charAt(level);
        while (position < text.length() && text.charAt(position) == operator) {
            position++;
            boolean implies = operator == '\u2192';
            deeper();
            BitSet right = binary(implies ? level : level + 1);
            depth--;
            join(operator, left, right);
        }
        return left;
    }

    /** The result replaces the left operand. */
    private void join(char operator, BitSet left, BitSet right) {
        switch (operator) {
            case '\u2194' -> {
                left.xor(right);
                left.flip(0, worlds);
            }
            case '\u2192' -> {
                left.flip(0, worlds);
                left.or(right);
            }
            case '\u2228' -> left.or(right);
            default -> left.and(right);
        }
    }

    private BitSet unary() {
        deeper();
        char symbol = position < text.length() ? text.charAt(position++) : ' ';
        BitSet value;
        if (symbol == '\u00ac') {
            value = unary();
            value.flip(0, worlds);
        } else if (symbol == '(') {
            value = binary(0);
            if (position >= text.length() || text.charAt(position++) != ')') {
                throw new Unreadable();
            }
        } else {
            value = variable(variables.indexOf(String.valueOf(symbol)));
        }
        depth--;
        return value;
    }

    private BitSet variable(int index) {
        if (index < 0) {
            throw new Unreadable();
        }
        BitSet value = new BitSet(worlds);
        for (int world = 0; world < worlds; world++) {
            value.set(world, (world >> index & 1) == 1);
        }
        return value;
    }

    private void deeper() {
        if (++depth > MAX_DEPTH) {
            throw new Unreadable();
        }
    }
}
