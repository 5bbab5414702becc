// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import java.util.List;

/**
 * A grammar as instructions: a nondeterministic automaton over bytes whose parts can be called like subroutines, which is what
 * values inside of values need. {@link Automaton} runs it.
 *
 * <p>Decisions: an instruction is a number, and its kind and operands stand in arrays: a grammar from a schema has a hundred
 * thousand of them. A rule is called and never entered otherwise; it reads at least one byte before it returns, so that what a
 * text may go on with is found without looking at the text.
 *
 * @param kinds what each instruction does
 * @param first its operand: of a {@link Kind#SPLIT} one way on, of a {@link Kind#CALL} the rule
 * @param second its second operand: of a split the other way on, of a call where to go on behind it
 * @param tables of a {@link Kind#SWITCH} first byte, last byte and where they lead, of range after range in order; empty otherwise
 * @param rules where each rule begins, and its name for messages
 * @param start where the grammar begins
 */
record Program(byte[] kinds, int[] first, int[] second, int[][] tables, List<Rule> rules, int start) {
    /** What instructions do. */
    static final class Kind {
        /** Reads a byte and goes on where the table says. */
        static final byte SWITCH = 0;
        /** Goes on in two ways. */
        static final byte SPLIT = 1;
        /** Runs a rule and then goes on. */
        static final byte CALL = 2;
        /** Ends a rule, or the text. */
        static final byte RETURN = 3;

        private Kind() {}
    }

    /**
     * What can be called.
     *
     * @param start its first instruction
     * @param name where it comes from
     */
    record Rule(int start, String name) {}

    int size() {
        return kinds.length;
    }
}
