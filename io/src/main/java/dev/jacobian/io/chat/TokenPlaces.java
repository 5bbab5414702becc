// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.chat;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.jinja.JinjaTemplate.Span;
import dev.jacobian.io.tokenizer.StreamingDecoder;
import dev.jacobian.io.tokenizer.Tokenizer;
import java.text.Normalizer;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/**
 * Where in a text its tokens stand, found by decoding them one after the other beside the text.
 *
 * <p>Decisions: a token that is only part of a character stands where the character does. A blank that the tokenizer has added
 * (SentencePiece's in front of words) stands nowhere. A text that the tokenizer composes (NFC, NFKC) is composed here too, and
 * places are those of the composed text.
 */
final class TokenPlaces {
    private final String text;
    private final String form; // as the tokens give it
    private final Optional<Normalizer.Form> composition;
    private final int[] starts;
    private final int[] ends;

    private TokenPlaces(String text, Optional<Normalizer.Form> composition, int count) {
        this.text = text;
        this.composition = composition;
        this.form = composed(text);
        this.starts = new int[count];
        this.ends = new int[count];
    }

    /**
     * Finds the places.
     *
     * @throws FormatException if the tokens do not give the text back
     */
    static TokenPlaces of(String text, int[] ids, Tokenizer tokenizer) {
        for (Optional<Normalizer.Form> composition : List.of(
                Optional.<Normalizer.Form>empty(),
                Optional.of(Normalizer.Form.NFC),
                Optional.of(Normalizer.Form.NFKC))) {
            TokenPlaces places = new TokenPlaces(text, composition, ids.length);
            if (places.align(ids, tokenizer.streamingDecoder(false))) {
                return places;
            }
        }
        throw new FormatException(
                "the tokenizer",
                "its tokens do not give back the text that they were made of, so what the assistant says cannot be"
                        + " found among them",
                "Learn from whole conversations (assistant_only_loss=false), or use a tokenizer that keeps texts as"
                        + " they are");
    }

    private String composed(String part) {
        return composition.map(c -> Normalizer.normalize(part, c)).orElse(part);
    }

    /** Walks along the text; false if the tokens say something else. */
    private boolean align(int[] ids, StreamingDecoder decoder) {
        int at = 0;
        int open = 0; // the first token whose characters are not complete yet
        for (int i = 0; i < ids.length; i++) {
            starts[i] = at;
            String piece = decoder.push(ids[i]) + (i + 1 == ids.length ? decoder.finish() : "");
            ends[i] = at;
            if (piece.isEmpty()) {
                continue;
            }
            int end = advance(at, piece);
            if (end < 0) {
                return false;
            }
            for (int token = open; token <= i; token++) {
                ends[token] = end;
            }
            open = i + 1;
            at = end;
        }
        return at == form.length();
    }

    /** The place behind a piece of decoded text; -1 if it is not what stands there. */
    private int advance(int from, String piece) {
        int at = from;
        for (int i = 0; i < piece.length(); i++) {
            if (at < form.length() && form.charAt(at) == piece.charAt(i)) {
                at++;
            } else if (piece.charAt(i) != ' ') {
                return -1;
            }
        }
        return at;
    }

    /** The tokens that stand at least partly in one of the spans. */
    BitSet covering(List<Span> spans) {
        BitSet covered = new BitSet(starts.length);
        for (Span span : spans) {
            int start = composed(text.substring(0, span.start())).length();
            int end = composed(text.substring(0, span.end())).length();
            for (int i = 0; i < starts.length; i++) {
                if (starts[i] < end && ends[i] > start) {
                    covered.set(i);
                }
            }
        }
        return covered;
    }
}
