// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import dev.jacobian.tensor.Nullable;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A grammar over tokens: which of a vocabulary may come next so that a text of the grammar can still be made, and when it may end.
 *
 * <p>Decisions: a mask is computed when a place in a text is first reached, by one walk through the tree of all tokens beside the
 * automaton, and kept as long as there is room; places that differ in nothing that matters share it. End ids are allowed where the text may end
 * and nothing else is where it must.
 *
 * <p>A token is allowed if its bytes lead on, even into the middle of a character that the next token finishes. A vocabulary that has all
 * 256 bytes can always go on from there; one that has not may come to a place where no token fits, which is an error then.
 *
 * <p>Safe for any number of threads; its cursors are for one sequence each.
 */
public final class TokenGrammar {
    /** Memory for masks. */
    private static final long MASK_BYTES = 64L << 20;

    private final Grammar grammar;
    private final TokenVocabulary vocabulary;
    private final Map<Place, TokenMask> masks;
    private final TokenMask ends;

    /** A place in a text, as far as masks go. */
    private record Place(Automaton.State state, boolean atStart) {}

    public TokenGrammar(Grammar grammar, TokenVocabulary vocabulary) {
        this.grammar = grammar;
        this.vocabulary = vocabulary;
        ends = new TokenMask(vocabulary.size(), withEnds(new long[(vocabulary.size() + 63) / 64]));
        long most = Math.max(16, MASK_BYTES / (vocabulary.size() / 8 + 64));
        masks = new LinkedHashMap<>(16, 0.75f, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<Place, TokenMask> eldest) {
                return size() > most;
            }
        };
    }

    private long[] withEnds(long[] bits) {
        for (int end : vocabulary.endIds()) {
            bits[end >> 6] |= 1L << end;
        }
        return bits;
    }

    /** Before the first token. */
    public Cursor start() {
        return new Cursor(grammar.automaton().start(), true);
    }

    private synchronized TokenMask mask(Place place) {
        TokenMask known = masks.get(place);
        if (known == null) {
            known = compute(place);
            masks.put(place, known);
        }
        return known;
    }

    private TokenMask compute(Place place) {
        long[] bits = new long[(vocabulary.size() + 63) / 64];
        vocabulary.trie(place.atStart()).allowed(grammar.automaton(), place.state(), bits);
        if (place.state().accepting()) {
            withEnds(bits);
        }
        if (place.atStart() && !place.state().finished()) {
            for (int id : vocabulary.droppedAtStart()) {
                bits[id >> 6] |= 1L << id;
            }
        }
        TokenMask mask = new TokenMask(vocabulary.size(), bits);
        if (mask.count() == 0) {
            throw new IllegalStateException(grammar.where()
                    + ": no token of the vocabulary can go on from here; the tokenizer lacks characters that the"
                    + " grammar asks for, so allow others");
        }
        return mask;
    }

    /** A place in one text. */
    public final class Cursor {
        private Automaton.State state;
        private boolean atStart;
        private boolean ended;

        private Cursor(Automaton.State state, boolean atStart) {
            this.state = state;
            this.atStart = atStart;
        }

        /**
         * The tokens that may come next, end ids included; behind an end id only those.
         *
         * @throws IllegalStateException if the vocabulary has no token that could go on
         * @throws dev.jacobian.io.FormatException if the text can be read in too many ways
         */
        public TokenMask allowed() {
            return ended ? ends : mask(new Place(state, atStart));
        }

        /** Goes behind a token; false, and nothing changes, if it is not allowed. */
        public boolean accept(int token) {
            if (ended || vocabulary.isEnd(token)) {
                ended |= state.accepting() && vocabulary.isEnd(token);
                return ended && vocabulary.isEnd(token);
            }
            if (atStart && !state.finished() && vocabulary.isDroppedAtStart(token)) {
                atStart = false;
                return true;
            }
            byte[] bytes = vocabulary.bytes(token, atStart);
            Automaton.@Nullable State next =
                    bytes.length == 0 ? null : grammar.automaton().run(state, bytes);
            if (next == null) {
                return false;
            }
            state = next;
            atStart = false;
            return true;
        }

        /** Whether the text is whole as it is. */
        public boolean mayEnd() {
            return ended || state.accepting();
        }

        /** Whether nothing may follow. */
        public boolean mustEnd() {
            return ended || state.finished();
        }

        /** A second cursor at the same place. */
        public Cursor fork() {
            Cursor fork = new Cursor(state, atStart);
            fork.ended = ended;
            return fork;
        }
    }
}
