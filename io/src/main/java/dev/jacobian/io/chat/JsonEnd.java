// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.chat;

import dev.jacobian.io.FormatException;

/** Finds where an object or an array ends in a text that goes on behind it. */
final class JsonEnd {
    private JsonEnd() {}

    /**
     * Where the value ends that the text begins with.
     *
     * @throws FormatException if it does not end
     */
    static int of(String text) {
        int depth = 0;
        boolean isString = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (isString) {
                if (c == '\\') {
                    i++;
                } else {
                    isString = c != '"';
                }
                continue;
            }
            switch (c) {
                case '"' -> isString = true;
                case '{', '[' -> depth++;
                case '}', ']' -> depth--;
                default -> {}
            }
            if (depth == 0) {
                return i + 1;
            }
        }
        throw new FormatException("a call", "the JSON value does not end", "");
    }
}
