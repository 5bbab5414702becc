// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

/** Classes of code points as Unicode defines them; {@link Character} has its own older ideas of some. */
final class Characters {
    private static final char REPLACEMENT = '\uFFFD';

    private Characters() {}

    /** Unicode's White_Space property, which is also what {@code \s} means in tokenizer.json. */
    static boolean isWhitespace(int c) {
        return c >= 0x9 && c <= 0xD
                || c == ' '
                || c == 0x85
                || c == 0xA0
                || c == 0x1680
                || c >= 0x2000 && c <= 0x200A
                || c == 0x2028
                || c == 0x2029
                || c == 0x202F
                || c == 0x205F
                || c == 0x3000;
    }

    /** {@code \w} of UTS #18: alphabetic, mark, decimal digit, connector punctuation or join control. */
    static boolean isWord(int c) {
        return Character.isAlphabetic(c)
                || c == 0x200C
                || c == 0x200D
                || switch (Character.getType(c)) {
                    case Character.NON_SPACING_MARK,
                            Character.ENCLOSING_MARK,
                            Character.COMBINING_SPACING_MARK,
                            Character.DECIMAL_DIGIT_NUMBER,
                            Character.CONNECTOR_PUNCTUATION -> true;
                    default -> false;
                };
    }

    /** The text with every unpaired surrogate, which has no UTF-8 form, replaced by U+FFFD. */
    static String replaceLoneSurrogates(String text) {
        StringBuilder out = null;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!Character.isSurrogate(c)) {
                continue;
            }
            if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
                continue;
            }
            if (out == null) {
                out = new StringBuilder(text);
            }
            out.setCharAt(i, REPLACEMENT);
        }
        return out == null ? text : out.toString();
    }
}
