// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Texts to compare tokenizers on: every plane of Unicode, scripts, marks, emoji, white space, control characters, digits, code,
 * words, and the tokenizer's own tokens, in any mixture. The text of a number is always the same.
 */
final class RandomTexts {
    private static final String[] SPACES = {
        " ", "  ", "   ", "\n", "\n\n", "\r\n", "\r", "\t", "\u00A0", "\u2003", "\u3000", "\u2028", "\u2029", "\u0085",
        "\u200B", "\u1680", "\u000B", "\f", "\u202F", "\u205F", "\uFEFF", " \n ", "\t  "
    };
    private static final String[] WORDS = {
        "the",
        "The",
        "THE",
        "hello",
        "World",
        "don't",
        "I'M",
        "we'll",
        "they've",
        "it's",
        "'s",
        "naïve",
        "Straße",
        "œuvre",
        "İstanbul",
        "ΟΔΥΣΣΕΥΣ",
        "ελληνικά",
        "русский",
        "ДОМ",
        "日本語",
        "你好",
        "世界",
        "한국어",
        "สวัสดี",
        "हिन्दी",
        "العربية",
        "עברית",
        "tokenizer",
        "Internationalization",
        "antidisestablishmentarianism",
        "ﬁne",
        "①②",
        "Ⅷ",
        "½",
        "x²",
        "e\u0301te\u0301",
        "A\u030A",
        "\u1100\u1161\u11A8",
        "ｆｕｌｌ",
        "ｶﾞ",
        "ß",
        "ſ",
        "do not",
        "n't",
        "'m"
    };
    private static final String[] CODE = {
        "for (int i = 0; i < n; ++i) {",
        "}",
        "def f(x):\n    return x",
        "x=1",
        "a_b",
        "camelCase",
        "#include <stdio.h>",
        "//",
        "/*",
        "*/",
        "&&",
        "||",
        "->",
        "=>",
        "::",
        "!=",
        "<=",
        "\\n",
        "\\\\",
        "\"quoted\"",
        "`tick`",
        "$x",
        "@y",
        "#z",
        "%d",
        "https://example.com/a?b=c&d=e#f",
        "me@example.com",
        "{\"k\": [1, 2]}",
        "<html>",
        "</p>",
        "&amp;",
        "<0x41>",
        "<0xE4>"
    };
    private static final String[] EMOJI = {
        "😀", "👍🏽", "👩‍💻", "🇫🇷", "🏳️‍🌈", "❤️", "☕", "🧑🏿‍🤝‍🧑🏻", "1️⃣", "©", "™", "🇺", "\u200D", "\uFE0F"
    };
    private static final int[][] RANGES = { // first and last code point
        {0x00, 0x1F},
        {0x7F, 0xA0},
        {0x20, 0x7E},
        {0xA0, 0x24F},
        {0x250, 0x2FF},
        {0x300, 0x36F},
        {0x370, 0x3FF},
        {0x400, 0x52F},
        {0x530, 0x5FF},
        {0x600, 0x6FF},
        {0x700, 0x8FF},
        {0x900, 0x97F},
        {0x980, 0xDFF},
        {0xE00, 0xEFF},
        {0xF00, 0xFFF},
        {0x1000, 0x109F},
        {0x10A0, 0x10FF},
        {0x1100, 0x11FF},
        {0x1200, 0x139F},
        {0x13A0, 0x167F},
        {0x1680, 0x1CFF},
        {0x1D00, 0x1DFF},
        {0x1E00, 0x1FFF},
        {0x2000, 0x206F},
        {0x2070, 0x20FF},
        {0x2100, 0x214F},
        {0x2150, 0x24FF},
        {0x2500, 0x27BF},
        {0x27C0, 0x2BFF},
        {0x2C00, 0x2DFF},
        {0x2E00, 0x2FFF},
        {0x3000, 0x303F},
        {0x3040, 0x30FF},
        {0x3100, 0x33FF},
        {0x3400, 0x4DBF},
        {0x4E00, 0x9FFF},
        {0xA000, 0xABFF},
        {0xAC00, 0xD7FF},
        {0xE000, 0xF8FF},
        {0xF900, 0xFAFF},
        {0xFB00, 0xFDFF},
        {0xFE00, 0xFE6F},
        {0xFE70, 0xFFFF},
        {0x10000, 0x1FFFF},
        {0x1D400, 0x1D7FF},
        {0x1F000, 0x1FAFF},
        {0x20000, 0x2FFFF},
        {0x30000, 0x3FFFF},
        {0x40000, 0xDFFFF},
        {0xE0000, 0xEFFFF},
        {0xF0000, 0x10FFFF}
    };

    private final List<String> tokens = new ArrayList<>();
    private final List<String> added = new ArrayList<>();

    RandomTexts(Tokenizer tokenizer) {
        tokenizer.addedTokens().forEach(token -> added.add(token.content()));
        for (int id = 0; id < tokenizer.idLimit(); id += 1 + tokenizer.idLimit() / 5000) {
            tokens.add(tokenizer.decode(new int[] {id}, false));
        }
    }

    /** The text of a number, without unpaired surrogates. */
    String text(long number) {
        SplittableRandom random = new SplittableRandom(number);
        StringBuilder text = new StringBuilder();
        int pieces = 1 + random.nextInt(random.nextInt(8) == 0 ? 40 : 12);
        int kinds = random.nextInt(12); // most texts are of a few kinds
        for (int i = 0; i < pieces; i++) {
            add(random.nextInt(3) > 0 ? kinds : random.nextInt(12), random, text);
        }
        return text.toString();
    }

    private void add(int kind, SplittableRandom random, StringBuilder text) {
        switch (kind) {
            case 0 -> text.append(pick(SPACES, random));
            case 1, 2 -> text.append(pick(WORDS, random)).append(random.nextInt(3) > 0 ? " " : "");
            case 3 -> text.append(pick(CODE, random));
            case 4 -> text.append(pick(EMOJI, random));
            case 5 -> text.append(random.nextLong(10, random.nextBoolean() ? 100 : Long.MAX_VALUE));
            case 6 -> text.append(word(random)).append(' ');
            case 7 -> text.append(spoilt(added, random));
            case 8 -> text.append(spoilt(tokens, random));
            case 9 -> { // a character and marks
                text.appendCodePoint(codePoint(random));
                for (int i = random.nextInt(4); i > 0; i--) {
                    text.appendCodePoint(0x300 + random.nextInt(0x70));
                }
            }
            case 10 -> { // several of one range
                int[] range = RANGES[random.nextInt(RANGES.length)];
                for (int i = 1 + random.nextInt(6); i > 0; i--) {
                    text.appendCodePoint(random.nextInt(range[0], range[1] + 1));
                }
            }
            default -> text.appendCodePoint(codePoint(random));
        }
    }

    private static String pick(String[] from, SplittableRandom random) {
        return from[random.nextInt(from.length)];
    }

    private static String word(SplittableRandom random) {
        StringBuilder word = new StringBuilder();
        for (int i = 1 + random.nextInt(12); i > 0; i--) {
            word.append("etaoinshrdlucmfwypvbgkjqxz".charAt(random.nextInt(1 + random.nextInt(26))));
        }
        return random.nextInt(4) == 0 ? word.substring(0, 1).toUpperCase() + word.substring(1) : word.toString();
    }

    /** One of a list as it is, cut short, in other case, or between spaces. */
    private static String spoilt(List<String> list, SplittableRandom random) {
        if (list.isEmpty()) {
            return "?";
        }
        String one = list.get(random.nextInt(list.size()));
        return switch (random.nextInt(8)) {
            case 0 ->
                one.substring(0, one.offsetByCodePoints(0, random.nextInt(1 + one.codePointCount(0, one.length()))));
            case 1 -> one.toUpperCase();
            case 2 -> " " + one + " ";
            case 3 -> one + one;
            default -> one;
        };
    }

    private static int codePoint(SplittableRandom random) {
        while (true) {
            int[] range = RANGES[random.nextInt(RANGES.length)];
            int c = random.nextInt(range[0], range[1] + 1);
            if (c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE) {
                return c;
            }
        }
    }
}
