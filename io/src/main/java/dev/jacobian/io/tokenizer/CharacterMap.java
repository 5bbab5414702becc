// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import dev.jacobian.io.FormatException;
import dev.jacobian.tensor.Nullable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * SentencePiece's compiled normalisation rules ({@code Precompiled}), such as those of T5: replacements for characters and
 * short sequences of them.
 *
 * <p>The rules are bytes in Base64: the size of a trie (32 bits, little-endian), the trie, and the replacements, UTF-8 with a
 * zero byte behind each. The trie is a double array as Darts-clone writes it, over the UTF-8 bytes of what is replaced. A unit
 * of it has in its lowest 8 bits and its highest one the byte that leads to it, in bit 8 whether a key ends here, in bits 10 to
 * 30 (times 256 if bit 9 is set) the offset to its children. The unit at the offset itself has the value of the key.
 *
 * <p>What is looked up, and when, is Hugging Face's reading of it: a grapheme of at most five bytes becomes the replacement of
 * the <em>shortest</em> key that it begins with, whatever else it holds; other characters are looked up one by one.
 *
 * <p>The file is not trusted: a look-up takes a step for each byte of a character, and one that leaves the trie is an error.
 */
final class CharacterMap implements Normalizer {
    private static final int MAX_GRAPHEME_BYTES = 5;

    /** No two characters before this one belong to one grapheme, but CR and LF. */
    private static final int FIRST_COMBINING = 0x300;

    private static final Pattern GRAPHEME = Pattern.compile("\\X");

    private final int[] trie;
    private final byte[] replacements;
    private final @Nullable String[] ofChar = new String[1 << 16]; // null where a character stays as it is
    private final String where;

    private CharacterMap(int[] trie, byte[] replacements, String where) {
        this.trie = trie;
        this.replacements = replacements;
        this.where = where;
        for (int c = 1; c < ofChar.length; c++) {
            if (!Character.isSurrogate((char) c)) {
                ofChar[c] = find(Character.toString(c));
            }
        }
    }

    /** @throws FormatException if these are no such rules */
    static CharacterMap read(String base64, String where) {
        ByteBuffer bytes;
        try {
            bytes = ByteBuffer.wrap(Base64.getDecoder().decode(base64)).order(ByteOrder.LITTLE_ENDIAN);
        } catch (IllegalArgumentException e) {
            throw new FormatException(
                    where, "precompiled_charsmap is not Base64: " + e.getMessage(), "Fetch the file again", e);
        }
        int size = bytes.remaining() < 4 ? -1 : bytes.getInt();
        if (size < 4 || size % 4 != 0 || size > bytes.remaining()) {
            throw new FormatException(
                    where,
                    "precompiled_charsmap has " + bytes.capacity()
                            + " bytes, which do not begin with the size of a trie",
                    "Fetch the file again");
        }
        int[] trie = new int[size / 4];
        bytes.asIntBuffer().get(trie);
        byte[] replacements = Arrays.copyOfRange(bytes.array(), 4 + size, bytes.capacity());
        return new CharacterMap(trie, replacements, where);
    }

    @Override
    public String normalize(String text, Work work) {
        StringBuilder out = new StringBuilder(text.length());
        Matcher grapheme = GRAPHEME.matcher(text);
        for (int i = 0, end; i < text.length(); i = end) {
            char c = text.charAt(i);
            char after = i + 1 < text.length() ? text.charAt(i + 1) : 0;
            if (c < FIRST_COMBINING && after < FIRST_COMBINING && (c != '\r' || after != '\n')) {
                end = i + 1;
                append(ofChar[c], text, i, end, out);
            } else {
                grapheme.region(i, text.length());
                end = grapheme.lookingAt() ? grapheme.end() : i + 1;
                replace(text, i, end, out);
            }
            work.requireRoom(out.length());
        }
        return out.toString();
    }

    /** Appends what becomes of a grapheme. */
    private void replace(String text, int from, int to, StringBuilder out) {
        if (utf8Length(text, from, to) <= MAX_GRAPHEME_BYTES) {
            String whole = find(text.substring(from, to));
            if (whole != null) {
                out.append(whole);
                return;
            }
        }
        for (int i = from, next; i < to; i = next) {
            int c = text.codePointAt(i);
            next = i + Character.charCount(c);
            append(c < ofChar.length ? ofChar[c] : find(text.substring(i, next)), text, i, next, out);
        }
    }

    private static void append(@Nullable String replacement, String text, int from, int to, StringBuilder out) {
        if (replacement == null) {
            out.append(text, from, to);
        } else {
            out.append(replacement);
        }
    }

    /** The length in UTF-8, or more than {@link #MAX_GRAPHEME_BYTES} if that is longer. */
    private static int utf8Length(String text, int from, int to) {
        int length = 0;
        for (int i = from; i < to && length <= MAX_GRAPHEME_BYTES; i++) {
            char c = text.charAt(i);
            length += c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3; // a pair of surrogates is 4
        }
        return length;
    }

    /** The replacement of the shortest key that a text begins with. */
    private @Nullable String find(String text) {
        int node = offset(unit(0));
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            node ^= b & 0xFF;
            int unit = unit(node);
            if (b == 0 || (unit & 0x800000FF) != (b & 0xFF)) {
                return null;
            }
            node ^= offset(unit);
            if ((unit >>> 8 & 1) == 1) {
                return replacement(unit(node) & 0x7FFFFFFF);
            }
        }
        return null;
    }

    private int unit(int index) {
        if (index >= trie.length) {
            throw broken();
        }
        return trie[index];
    }

    private static int offset(int unit) {
        return unit >>> 10 << ((unit & 1 << 9) >>> 6);
    }

    private String replacement(int start) {
        int end = start;
        while (end < replacements.length && replacements[end] != 0) {
            end++;
        }
        if (start > replacements.length) {
            throw broken();
        }
        return Utf8.decode(Arrays.copyOfRange(replacements, start, end));
    }

    private FormatException broken() {
        return new FormatException(where, "precompiled_charsmap points outside of itself", "Fetch the file again");
    }
}
