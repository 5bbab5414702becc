// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import dev.jacobian.tensor.Nullable;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntPredicate;

/** Sets of characters that regular expressions have names for. */
final class CharacterClasses {
    static final CodePointSet DIGIT = CodePointSet.range('0', '9');
    private static final CodePointSet WORD = CodePointSet.of(
            List.of(new int[] {'0', '9'}, new int[] {'A', 'Z'}, new int[] {'_', '_'}, new int[] {'a', 'z'}));
    private static final CodePointSet SPACE = CodePointSet.ofCharacters(" \t\n\u000B\f\r");

    /** What {@link Character#getType} says of each general category, by the category's letters. */
    private static final Map<String, Integer> CATEGORIES = Map.ofEntries(
            Map.entry("Lu", (int) Character.UPPERCASE_LETTER),
            Map.entry("Ll", (int) Character.LOWERCASE_LETTER),
            Map.entry("Lt", (int) Character.TITLECASE_LETTER),
            Map.entry("Lm", (int) Character.MODIFIER_LETTER),
            Map.entry("Lo", (int) Character.OTHER_LETTER),
            Map.entry("Mn", (int) Character.NON_SPACING_MARK),
            Map.entry("Mc", (int) Character.COMBINING_SPACING_MARK),
            Map.entry("Me", (int) Character.ENCLOSING_MARK),
            Map.entry("Nd", (int) Character.DECIMAL_DIGIT_NUMBER),
            Map.entry("Nl", (int) Character.LETTER_NUMBER),
            Map.entry("No", (int) Character.OTHER_NUMBER),
            Map.entry("Pc", (int) Character.CONNECTOR_PUNCTUATION),
            Map.entry("Pd", (int) Character.DASH_PUNCTUATION),
            Map.entry("Ps", (int) Character.START_PUNCTUATION),
            Map.entry("Pe", (int) Character.END_PUNCTUATION),
            Map.entry("Pi", (int) Character.INITIAL_QUOTE_PUNCTUATION),
            Map.entry("Pf", (int) Character.FINAL_QUOTE_PUNCTUATION),
            Map.entry("Po", (int) Character.OTHER_PUNCTUATION),
            Map.entry("Sm", (int) Character.MATH_SYMBOL),
            Map.entry("Sc", (int) Character.CURRENCY_SYMBOL),
            Map.entry("Sk", (int) Character.MODIFIER_SYMBOL),
            Map.entry("So", (int) Character.OTHER_SYMBOL),
            Map.entry("Zs", (int) Character.SPACE_SEPARATOR),
            Map.entry("Zl", (int) Character.LINE_SEPARATOR),
            Map.entry("Zp", (int) Character.PARAGRAPH_SEPARATOR));

    private static final Map<String, CodePointSet> COMPUTED = new ConcurrentHashMap<>();

    private CharacterClasses() {}

    /** What a letter behind a backslash stands for; null if it stands for no class. */
    @Nullable
    static CodePointSet shorthand(int letter) {
        return switch (letter) {
            case 'd' -> DIGIT;
            case 'D' -> DIGIT.not();
            case 'w' -> WORD;
            case 'W' -> WORD.not();
            case 's' -> SPACE;
            case 'S' -> SPACE.not();
            default -> null;
        };
    }

    /** The characters of a general category of Unicode, by its two letters or the first of them; null if there is none. */
    @Nullable
    static CodePointSet category(String name) {
        if (name.isEmpty() || name.length() > 2 || CATEGORIES.keySet().stream().noneMatch(c -> c.startsWith(name))) {
            return null;
        }
        return COMPUTED.computeIfAbsent(name, n -> CodePointSet.where(of(n)));
    }

    private static IntPredicate of(String name) {
        boolean[] types = new boolean[32];
        CATEGORIES.forEach((category, type) -> types[type] = types[type] || category.startsWith(name));
        return c -> types[Character.getType(c)];
    }
}
