// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.JsonFields;
import java.util.List;
import java.util.Locale;

/** Rewrites text before it is split: the {@code normalizer} of tokenizer.json. */
sealed interface Normalizer {
    /**
     * The normalised text.
     *
     * @param work what it may cost
     */
    String normalize(String text, Work work);

    /** Leaves the text as it is. */
    record None() implements Normalizer {
        @Override
        public String normalize(String text, Work work) {
            return text;
        }
    }

    /** NFC, NFD, NFKC or NFKD. */
    record UnicodeForm(java.text.Normalizer.Form form) implements Normalizer {
        @Override
        public String normalize(String text, Work work) {
            return java.text.Normalizer.normalize(text, form);
        }
    }

    /** Lower case, each code point by itself: a final sigma is not special. */
    record Lowercase() implements Normalizer {
        @Override
        public String normalize(String text, Work work) {
            StringBuilder out = new StringBuilder(text.length());
            text.codePoints().forEach(c -> {
                if (c < 0x80) {
                    out.append((char) Character.toLowerCase(c));
                } else {
                    // The string form also has the one mapping to two characters, U+0130.
                    out.append(Character.toString(c).toLowerCase(Locale.ROOT));
                }
            });
            return out.toString();
        }
    }

    /** Puts a string before a text that is not empty. */
    record Prepend(String prefix) implements Normalizer {
        @Override
        public String normalize(String text, Work work) {
            work.requireRoom((long) prefix.length() + text.length());
            return text.isEmpty() ? text : prefix + text;
        }
    }

    /** Replaces every match. */
    record Replace(TextPattern pattern, String content) implements Normalizer {
        @Override
        public String normalize(String text, Work work) {
            return pattern.replaceAll(text, content, work);
        }
    }

    /** Removes white space from the ends. */
    record Strip(boolean left, boolean right) implements Normalizer {
        @Override
        public String normalize(String text, Work work) {
            int start = 0;
            int end = text.length();
            while (left && start < end && Characters.isWhitespace(text.charAt(start))) {
                start++; // all white space lies in the basic plane
            }
            while (right && end > start && Characters.isWhitespace(text.charAt(end - 1))) {
                end--;
            }
            return text.substring(start, end);
        }
    }

    /** One after another. */
    record Sequence(List<Normalizer> steps) implements Normalizer {
        @Override
        public String normalize(String text, Work work) {
            for (Normalizer step : steps) {
                text = step.normalize(text, work);
                work.requireRoom(text.length());
            }
            return text;
        }
    }

    /** Reads the component; a JSON null is {@link None}. */
    static Normalizer read(JsonNode json, String where) {
        if (json.isNull() || json.isMissingNode()) {
            return new None();
        }
        JsonFields fields = JsonFields.of(json, where);
        String type = fields.string("type");
        Normalizer normalizer = switch (type) {
            case "NFC", "NFD", "NFKC", "NFKD" -> new UnicodeForm(java.text.Normalizer.Form.valueOf(type));
            case "Lowercase" -> new Lowercase();
            case "Prepend" -> new Prepend(fields.string("prepend"));
            case "Replace" ->
                new Replace(TextPattern.read(fields.get("pattern"), where + ", pattern"), fields.string("content"));
            case "Strip" -> new Strip(fields.bool("strip_left", true), fields.bool("strip_right", true));
            case "Sequence" ->
                new Sequence(fields.objects("normalizers").stream()
                        .map(f -> read(f.node(), f.where()))
                        .toList());
            default ->
                throw new FormatException(
                        where,
                        "the normalizer '" + type + "' is not supported",
                        "Supported are NFC, NFD, NFKC, NFKD, Lowercase, Prepend, Replace, Strip and Sequence");
        };
        fields.finish();
        return normalizer;
    }
}
