// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.reading;

import dev.jacobian.rl.math.reading.Token.Kind;
import java.util.Locale;

/** What stands between several answers: commas, semicolons, and, or. */
final class Connectors {

    private Connectors() {}

    /** Goes past one connector: {@code ","}, {@code "and"}, {@code "or"}, or {@code ""} if none is there. */
    static String take(Cursor cursor) {
        String found = "";
        while (true) {
            String one = one(cursor);
            if (one.isEmpty()) {
                return found;
            }
            found = found.isEmpty() || !one.equals(",") ? one : found;
        }
    }

    private static String one(Cursor cursor) {
        Token token = cursor.peek();
        if (token.is(",") || token.is(";")) {
            cursor.next();
            return ",";
        }
        if (token.kind() == Kind.TEXT) {
            String word = meaning(token.text());
            if (!word.isEmpty()) {
                cursor.next();
            }
            return word;
        }
        if (token.isCommand("wedge") || token.isCommand("vee")) {
            cursor.next();
            return token.text().equals("wedge") ? "and" : "or";
        }
        String word = token.kind() == Kind.LETTER && token.offset() == 0 ? meaning(token.run()) : "";
        if (!word.isEmpty()) {
            cursor.skip(token.run().length());
        }
        return word;
    }

    /** Whether a text is one. */
    static boolean is(String text) {
        return !meaning(text).isEmpty();
    }

    private static String meaning(String text) {
        return switch (text.strip().toLowerCase(Locale.ROOT).replace(",", "").strip()) {
            case "and", "y", "und", "et", "和", "与", "及", "且" ->
                text.strip().length() == 1 && text.strip().charAt(0) < 128 ? "" : "and";
            case "or", "oder", "ou", "或", "或者" -> "or";
            case "" -> text.indexOf(',') >= 0 ? "," : "";
            default -> "";
        };
    }
}
