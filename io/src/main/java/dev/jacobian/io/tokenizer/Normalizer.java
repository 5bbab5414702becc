// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.JsonFields;
import java.util.List;
import java.util.Locale;

/** Rewrites text before it is split: the {@code normalizer} of tokenizer.json. */
sealed interface Normalizer
        permits Normalizer.None,
                Normalizer.UnicodeForm,
                Normalizer.Lowercase,
                Normalizer.Prepend,
                Normalizer.Replace,
                Normalizer.Strip,
                Normalizer.StripAccents,
                Normalizer.Nmt,
                Normalizer.ByteLevel,
                Normalizer.Sequence,
                BertNormalizer,
                CharacterMap {
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

    /**
     * NFC, NFD, NFKC or NFKD of Unicode 9. A character that is newer stays as it is, and what stands on its two sides does not
     * mix: as with any unknown character.
     */
    record UnicodeForm(java.text.Normalizer.Form form) implements Normalizer {
        @Override
        public String normalize(String text, Work work) {
            int newer = UnicodeVersions.indexOfNewerThan9(text, 0);
            if (newer == text.length()) {
                return java.text.Normalizer.normalize(text, form);
            }
            StringBuilder out = new StringBuilder(text.length());
            int done = 0;
            while (newer < text.length()) {
                out.append(java.text.Normalizer.normalize(text.substring(done, newer), form));
                done = newer + Character.charCount(text.codePointAt(newer));
                out.append(text, newer, done);
                newer = UnicodeVersions.indexOfNewerThan9(text, done);
            }
            return out.append(java.text.Normalizer.normalize(text.substring(done), form))
                    .toString();
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
                    out.append(
                            Character.toString(UnicodeVersions.toLowerCase17(c)).toLowerCase(Locale.ROOT));
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

    /** Removes every mark, combining or not; decomposing the text before is another's task. */
    record StripAccents() implements Normalizer {
        @Override
        public String normalize(String text, Work work) {
            StringBuilder out = new StringBuilder(text.length());
            text.codePoints().filter(c -> !UnicodeVersions.isMark9(c)).forEach(out::appendCodePoint);
            return out.toString();
        }
    }

    /** That of SentencePiece's translation models: control characters vanish, other white space becomes spaces. */
    record Nmt() implements Normalizer {
        @Override
        public String normalize(String text, Work work) {
            StringBuilder out = new StringBuilder(text.length());
            text.chars().filter(c -> !isDropped(c)).forEach(c -> out.append(isSpace(c) ? ' ' : (char) c));
            return out.toString();
        }

        private static boolean isDropped(int c) {
            return c >= 0x1 && c <= 0x8 || c == 0xB || c >= 0xE && c <= 0x1F || c == 0x7F || c == 0x8F || c == 0x9F;
        }

        private static boolean isSpace(int c) {
            return switch (c) {
                case 0x9, 0xA, 0xC, 0xD, 0x1680, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F -> true;
                case 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD -> true;
                default -> false;
            };
        }
    }

    /** Writes the bytes of the text in the byte alphabet. */
    record ByteLevel() implements Normalizer {
        @Override
        public String normalize(String text, Work work) {
            return ByteAlphabet.encode(text);
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
            case "StripAccents" -> new StripAccents();
            case "BertNormalizer" -> {
                boolean lowercase = fields.bool("lowercase", true);
                yield new BertNormalizer(
                        fields.bool("clean_text", true),
                        fields.bool("handle_chinese_chars", true),
                        fields.bool("strip_accents", lowercase),
                        lowercase);
            }
            case "Precompiled" -> CharacterMap.read(fields.string("precompiled_charsmap"), where);
            case "Nmt" -> new Nmt();
            case "ByteLevel" -> new ByteLevel();
            case "Sequence" ->
                new Sequence(fields.objects("normalizers").stream()
                        .map(f -> read(f.node(), f.where()))
                        .toList());
            default ->
                throw new FormatException(
                        where,
                        "the normalizer '" + type + "' is not supported",
                        "Supported are NFC, NFD, NFKC, NFKD, Lowercase, Prepend, Replace, Strip, StripAccents,"
                                + " BertNormalizer, Precompiled, Nmt, ByteLevel and Sequence");
        };
        fields.finish();
        return normalizer;
    }
}
