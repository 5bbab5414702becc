// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import dev.jacobian.io.FormatException;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;

/**
 * The bytes that each token adds to a text: at its beginning, where many tokenizers drop a blank, and behind other tokens. Joined, those of
 * all tokens are the UTF-8 of what {@link Tokenizer#decode} makes of them.
 *
 * <p>Decision: what a token adds is asked of the decoder itself, so that nothing is known twice; only bytes that are no whole
 * characters, which a text cannot show, are read from the token's spelling. Special tokens add nothing, and so do those whose text would
 * depend on more than whether they are the first.
 */
public final class TokenBytes {
    private static final byte[] NONE = {};

    private final byte[][] atStart;
    private final byte[][] inside;
    private final BitSet dropped;

    private TokenBytes(byte[][] atStart, byte[][] inside, BitSet dropped) {
        this.atStart = atStart;
        this.inside = inside;
        this.dropped = dropped;
    }

    /**
     * The bytes of all tokens.
     *
     * @throws FormatException if the decoder makes text of tokens that depends on the tokens behind them
     */
    public static TokenBytes of(Tokenizer tokenizer) {
        TokenDecoder decoder = tokenizer.decoder();
        if (uses(decoder, TokenDecoder.Ctc.class) || uses(decoder, TokenDecoder.EndOfWord.class)) {
            throw new FormatException(
                    "tokenizer.json",
                    "its decoder (CTC or BPEDecoder) gives a token a text that depends on the next one",
                    "Texts can be constrained with any other decoder");
        }
        int size = tokenizer.idLimit();
        byte[][] atStart = new byte[size][];
        byte[][] inside = new byte[size][];
        BitSet dropped = new BitSet(size);
        int before = ordinary(tokenizer);
        for (int id = 0; id < size; id++) {
            String token = tokenizer.tokenOf(id).orElse("");
            if (token.isEmpty() || tokenizer.isSpecial(id)) {
                atStart[id] = NONE;
                inside[id] = NONE;
            } else if (decoder instanceof TokenDecoder.ByteLevel) {
                atStart[id] = ByteAlphabet.bytesOf(token);
                inside[id] = atStart[id];
            } else if (uses(decoder, TokenDecoder.ByteFallback.class) && TokenDecoder.ByteFallback.byteOf(token) >= 0) {
                inside[id] = new byte[] {(byte) TokenDecoder.ByteFallback.byteOf(token)};
                // A blank at the beginning may be dropped, and then the token would add nothing.
                atStart[id] = inside[id][0] == ' ' ? NONE : inside[id];
            } else {
                atStart[id] = whole(tokenizer.decode(new int[] {id}, false));
                String alone = tokenizer.decode(new int[] {before}, false);
                String both = tokenizer.decode(new int[] {before, id}, false);
                inside[id] = both.startsWith(alone) ? whole(both.substring(alone.length())) : NONE;
                dropped.set(id, atStart[id].length == 0 && inside[id].length == 1 && inside[id][0] == ' ');
            }
        }
        return new TokenBytes(atStart, inside, dropped);
    }

    /** Bytes of a text that shows all of them. */
    private static byte[] whole(String text) {
        return text.indexOf('\uFFFD') >= 0 ? NONE : text.getBytes(StandardCharsets.UTF_8);
    }

    /** A token that says something wherever it stands, and nothing about its neighbours. */
    private static int ordinary(Tokenizer tokenizer) {
        for (int id = 0; id < tokenizer.idLimit(); id++) {
            String token = tokenizer.tokenOf(id).orElse("");
            boolean letters = !token.isEmpty() && token.chars().allMatch(c -> c >= 'a' && c <= 'z');
            if (letters && !tokenizer.isSpecial(id)) {
                return id;
            }
        }
        for (int id = 0; id < tokenizer.idLimit(); id++) {
            if (!tokenizer.decode(new int[] {id}, true).isEmpty()) {
                return id;
            }
        }
        return 0;
    }

    private static boolean uses(TokenDecoder decoder, Class<? extends TokenDecoder> kind) {
        return kind.isInstance(decoder)
                || decoder instanceof TokenDecoder.Sequence sequence
                        && sequence.steps().stream().anyMatch(step -> uses(step, kind));
    }

    /** What a token adds at the beginning of a text; nothing if it cannot stand there. Not to be changed. */
    public byte[] atStart(int id) {
        return id < atStart.length ? atStart[id] : NONE;
    }

    /** The tokens that are a blank, of which nothing is left at the beginning of a text. Behind one a text has begun. */
    public BitSet droppedAtStart() {
        return (BitSet) dropped.clone();
    }

    /** What a token adds behind others; nothing if it cannot stand there. Not to be changed. */
    public byte[] inside(int id) {
        return id < inside.length ? inside[id] : NONE;
    }
}
