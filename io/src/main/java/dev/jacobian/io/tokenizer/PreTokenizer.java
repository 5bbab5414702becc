// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.JsonFields;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Cuts normalised text into the pieces that merges never cross: the {@code pre_tokenizer} of tokenizer.json. */
sealed interface PreTokenizer {
    /** Words, and runs of what is neither word nor white space, as UTS 18 has them; unlike Oniguruma. */
    Pattern WORDS = Pattern.compile("\\w+|[^\\w\\s]+", Pattern.UNICODE_CHARACTER_CLASS);

    /**
     * Appends the pieces of {@code text}, none of them empty, to {@code out}.
     *
     * @param text a normalised stretch without added tokens, not empty
     * @param first whether {@code text} begins where the whole input begins
     * @param work what it may cost
     */
    void split(String text, boolean first, List<String> out, Work work);

    /** One piece. */
    record None() implements PreTokenizer {
        @Override
        public void split(String text, boolean first, List<String> out, Work work) {
            out.add(text);
        }
    }

    /** Splits at a pattern. With {@code invert}, what lies between the matches counts as the match. */
    record Split(TextPattern pattern, SplitBehavior behavior, boolean invert) implements PreTokenizer {
        @Override
        public void split(String text, boolean first, List<String> out, Work work) {
            List<TextPattern.Span> spans = pattern.spans(text, work);
            if (invert) {
                spans.replaceAll(s -> new TextPattern.Span(s.start(), s.end(), !s.isMatch()));
            }
            behavior.apply(text, spans, out);
        }
    }

    /** Splits with GPT-2's regular expression if asked to, then writes the bytes of each piece in the byte alphabet. */
    record ByteLevel(boolean addPrefixSpace, boolean useRegex) implements PreTokenizer {
        static final String GPT2_REGEX =
                "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

        private static final Split GPT2_SPLIT = new Split(
                new TextPattern.Regex(HuggingFaceRegex.compile(GPT2_REGEX, "GPT-2"), "GPT-2"),
                SplitBehavior.ISOLATED,
                false);

        @Override
        public void split(String text, boolean first, List<String> out, Work work) {
            String spaced = addPrefixSpace && !text.startsWith(" ") ? " " + text : text;
            if (!useRegex) {
                out.add(ByteAlphabet.encode(spaced));
                return;
            }
            int from = out.size();
            GPT2_SPLIT.split(spaced, first, out, work);
            out.subList(from, out.size()).replaceAll(ByteAlphabet::encode);
        }
    }

    /** SentencePiece's way: spaces become a visible character, and one may be put in front. */
    record Metaspace(char replacement, PrependScheme prepend, boolean split) implements PreTokenizer {
        @Override
        public void split(String text, boolean first, List<String> out, Work work) {
            String marked = text.replace(' ', replacement);
            boolean wanted = prepend == PrependScheme.ALWAYS || prepend == PrependScheme.FIRST && first;
            if (wanted && marked.charAt(0) != replacement) {
                marked = replacement + marked;
            }
            if (split) {
                SplitBehavior.MERGED_WITH_NEXT.apply(
                        marked, new TextPattern.Literal(String.valueOf(replacement)).spans(marked, work), out);
            } else {
                out.add(marked);
            }
        }
    }

    /** Where {@link Metaspace} puts its character in front: before every stretch, before the whole input, or nowhere. */
    enum PrependScheme {
        ALWAYS,
        FIRST,
        NEVER
    }

    /** A fixed number of characters (code points); what is left over is a piece too. */
    record FixedLength(int length) implements PreTokenizer {
        @Override
        public void split(String text, boolean first, List<String> out, Work work) {
            for (int i = 0, end; i < text.length(); i = end) {
                end = i;
                for (int n = 0; n < length && end < text.length(); n++) {
                    end += Character.charCount(text.codePointAt(end));
                }
                out.add(text.substring(i, end));
            }
        }
    }

    /**
     * Splits where the script changes; Japanese syllables count as Han, and spaces as whatever is around them. Spaces that begin
     * the text vanish: so the library has it that defines the format.
     */
    record UnicodeScripts() implements PreTokenizer {
        private static final int LONG_VOWEL_MARK = 0x30FC;

        @Override
        public void split(String text, boolean first, List<String> out, Work work) {
            int start = -1;
            Character.UnicodeScript last = null;
            for (int i = 0, c; i < text.length(); i += Character.charCount(c)) {
                c = text.codePointAt(i);
                Character.UnicodeScript script = script(c);
                if (script == Character.UnicodeScript.UNKNOWN) {
                    continue;
                }
                if (script != last) {
                    if (start >= 0) {
                        out.add(text.substring(start, i));
                    }
                    start = i;
                }
                last = script;
            }
            if (start >= 0) {
                out.add(text.substring(start));
            }
        }

        /** Unknown for a space, and for characters without a script in Unicode 9. */
        private static Character.UnicodeScript script(int c) {
            if (c == LONG_VOWEL_MARK) {
                return Character.UnicodeScript.HAN;
            }
            if (c == ' ' || UnicodeVersions.isNewerThan9(c)) {
                return Character.UnicodeScript.UNKNOWN;
            }
            Character.UnicodeScript script = Character.UnicodeScript.of(c);
            return script == Character.UnicodeScript.HIRAGANA || script == Character.UnicodeScript.KATAKANA
                    ? Character.UnicodeScript.HAN
                    : script;
        }
    }

    /** One after another, each on the pieces of the one before. */
    record Sequence(List<PreTokenizer> steps) implements PreTokenizer {
        @Override
        public void split(String text, boolean first, List<String> out, Work work) {
            List<String> pieces = List.of(text);
            for (PreTokenizer step : steps) {
                List<String> finer = new ArrayList<>();
                for (int i = 0; i < pieces.size(); i++) {
                    step.split(pieces.get(i), first && i == 0, finer, work);
                }
                work.requireRoom(finer.stream().mapToLong(String::length).sum());
                pieces = finer;
            }
            out.addAll(pieces);
        }
    }

    /** Reads the component; a JSON null is {@link None}. */
    static PreTokenizer read(JsonNode json, String where) {
        if (json.isNull() || json.isMissingNode()) {
            return new None();
        }
        JsonFields fields = JsonFields.of(json, where);
        String type = fields.string("type");
        PreTokenizer preTokenizer = switch (type) {
            case "ByteLevel" -> {
                fields.ignore("trim_offsets"); // moves offsets only, never ids
                yield new ByteLevel(fields.bool("add_prefix_space", true), fields.bool("use_regex", true));
            }
            case "Split" ->
                new Split(
                        TextPattern.read(fields.get("pattern"), where + ", pattern"),
                        SplitBehavior.of(fields.string("behavior"), where),
                        fields.bool("invert", false));
            case "Digits" ->
                new Split(
                        new TextPattern.CharacterClass(UnicodeVersions::isNumeric17),
                        fields.bool("individual_digits", false) ? SplitBehavior.ISOLATED : SplitBehavior.CONTIGUOUS,
                        false);
            case "Punctuation" -> atPunctuation(SplitBehavior.of(fields.string("behavior", "Isolated"), where));
            case "WhitespaceSplit" -> atWhitespace();
            case "Whitespace" -> new Split(new TextPattern.Regex(WORDS, where), SplitBehavior.REMOVED, true);
            case "BertPreTokenizer" -> new Sequence(List.of(atWhitespace(), atPunctuation(SplitBehavior.ISOLATED)));
            case "CharDelimiterSplit" ->
                new Split(new TextPattern.Literal(fields.string("delimiter")), SplitBehavior.REMOVED, false);
            case "UnicodeScripts" -> new UnicodeScripts();
            case "FixedLength" -> {
                int length = fields.integer("length", 5);
                if (length < 1) {
                    throw new FormatException(where, "the length of pieces is " + length, "It is at least 1");
                }
                yield new FixedLength(length);
            }
            case "Metaspace" ->
                new Metaspace(metaspaceReplacement(fields), prependScheme(fields), fields.bool("split", true));
            case "Sequence" ->
                new Sequence(fields.objects("pretokenizers").stream()
                        .map(f -> read(f.node(), f.where()))
                        .toList());
            default ->
                throw new FormatException(
                        where,
                        "the pre-tokenizer '" + type + "' is not supported",
                        "Supported are ByteLevel, Split, Digits, Punctuation, Whitespace, WhitespaceSplit, Metaspace,"
                                + " BertPreTokenizer, CharDelimiterSplit, UnicodeScripts, FixedLength and Sequence");
        };
        fields.finish();
        return preTokenizer;
    }

    private static Split atWhitespace() {
        return new Split(new TextPattern.CharacterClass(Characters::isWhitespace), SplitBehavior.REMOVED, false);
    }

    private static Split atPunctuation(SplitBehavior behavior) {
        return new Split(new TextPattern.CharacterClass(UnicodeVersions::isPunctuation8), behavior, false);
    }

    /** The character of a Metaspace component; {@code str_rep} is an old second spelling of it. */
    static char metaspaceReplacement(JsonFields fields) {
        fields.ignore("str_rep");
        String replacement = fields.string("replacement", "\u2581");
        if (replacement.length() != 1) {
            throw new FormatException(
                    fields.where(), "'replacement' must be one character, found '" + replacement + "'", "Correct it");
        }
        return replacement.charAt(0);
    }

    /** {@code prepend_scheme}, or what the old {@code add_prefix_space} says. */
    static PrependScheme prependScheme(JsonFields fields) {
        boolean addPrefixSpace = fields.bool("add_prefix_space", true);
        String spelling = fields.string("prepend_scheme", addPrefixSpace ? "always" : "never");
        if (!addPrefixSpace && !spelling.equals("never")) {
            throw new FormatException(
                    fields.where(),
                    "add_prefix_space=false contradicts prepend_scheme=" + spelling,
                    "Keep one of them");
        }
        return switch (spelling) {
            case "always" -> PrependScheme.ALWAYS;
            case "first" -> PrependScheme.FIRST;
            case "never" -> PrependScheme.NEVER;
            default ->
                throw new FormatException(
                        fields.where(),
                        "the prepend_scheme '" + spelling + "' is not known",
                        "Known are always, first and never");
        };
    }
}
