// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import dev.jacobian.tensor.Nullable;
import dev.jacobian.testing.fuzz.Choices;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

/** Texts of a grammar, made by going where it allows at random. */
final class RandomTexts {
    private RandomTexts() {}

    /** The bytes of a text; null if it did not end within the limit. From a place that is no end there is always a byte on. */
    static byte @Nullable [] bytes(Grammar grammar, Choices choices, int limit) {
        Automaton automaton = grammar.automaton();
        Automaton.State state = automaton.start();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        while (out.size() < limit) {
            if (state.accepting() && (state.finished() || choices.oneIn(4))) {
                return out.toByteArray();
            }
            List<Integer> ways = new ArrayList<>();
            for (int b = 0; b < 256; b++) {
                if (automaton.step(state, b) != null) {
                    ways.add(b);
                }
            }
            if (ways.isEmpty()) {
                throw new AssertionError("nothing leads on behind " + out);
            }
            int b = choices.of(ways);
            out.write(b);
            state = java.util.Objects.requireNonNull(automaton.step(state, b));
        }
        return null;
    }

    /** Tokens that a cursor allows, drawn at random until the text ends or the limit is reached. */
    static List<Integer> tokens(TokenGrammar.Cursor cursor, TokenVocabulary vocabulary, Choices choices, int limit) {
        List<Integer> tokens = new ArrayList<>();
        while (tokens.size() < limit) {
            TokenMask mask = cursor.allowed();
            int token;
            if (cursor.mayEnd() && (cursor.mustEnd() || choices.oneIn(3))) {
                token = vocabulary.endIds()[0];
            } else {
                int skip = choices.below(mask.count());
                token = -1;
                while (skip-- >= 0) {
                    do {
                        token++;
                    } while (!mask.allows(token));
                }
            }
            tokens.add(token);
            if (!cursor.accept(token)) {
                throw new AssertionError("token " + token + " was allowed and is not accepted");
            }
            if (vocabulary.isEnd(token)) {
                return tokens;
            }
        }
        return tokens;
    }
}
