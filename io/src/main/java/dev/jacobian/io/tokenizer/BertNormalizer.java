// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

/**
 * BERT's: drops control characters, makes every white space a space, puts spaces around Chinese characters, removes accents
 * and lowers the case, each if asked to, in this order.
 *
 * @param cleanText control characters and white space
 * @param handleChineseCharacters spaces around them, so that each becomes a word
 * @param stripAccents canonical decomposition without its non-spacing marks
 * @param lowercase lower case
 */
record BertNormalizer(boolean cleanText, boolean handleChineseCharacters, boolean stripAccents, boolean lowercase)
        implements Normalizer {
    @Override
    public String normalize(String text, Work work) {
        String out = cleanText || handleChineseCharacters ? clean(text) : text;
        if (stripAccents) {
            out = withoutMarks(new UnicodeForm(java.text.Normalizer.Form.NFD).normalize(out, work));
        }
        return lowercase ? new Normalizer.Lowercase().normalize(out, work) : out;
    }

    private String clean(String text) {
        StringBuilder out = new StringBuilder(text.length() + 16);
        for (int i = 0, c; i < text.length(); i += Character.charCount(c)) {
            c = text.codePointAt(i);
            if (c > ' ' && c < 0x7F) {
                out.append((char) c);
            } else if (cleanText && isDropped(c)) {
                // left out
            } else if (cleanText && Characters.isWhitespace(c)) {
                out.append(' ');
            } else if (handleChineseCharacters && isChinese(c)) {
                out.append(' ').appendCodePoint(c).append(' ');
            } else {
                out.appendCodePoint(c);
            }
        }
        return out.toString();
    }

    private static boolean isDropped(int c) {
        return c == 0xFFFD || c != '\t' && c != '\n' && c != '\r' && UnicodeVersions.isControl8(c);
    }

    /** Unified ideographs and their compatibility forms; one block is cut short, as in the original and so everywhere. */
    private static boolean isChinese(int c) {
        return c >= 0x4E00 && c <= 0x9FFF
                || c >= 0x3400 && c <= 0x4DBF
                || c >= 0xF900 && c <= 0xFAFF
                || c >= 0x20000 && c <= 0x2A6DF
                || c >= 0x2A700 && c <= 0x2B81F
                || c >= 0x2B920 && c <= 0x2CEAF
                || c >= 0x2F800 && c <= 0x2FA1F;
    }

    private static String withoutMarks(String text) {
        StringBuilder out = new StringBuilder(text.length());
        for (int i = 0, c; i < text.length(); i += Character.charCount(c)) {
            c = text.codePointAt(i);
            if (!UnicodeVersions.isNonSpacingMark8(c)) {
                out.appendCodePoint(c);
            }
        }
        return out.toString();
    }
}
