// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.JsonFields;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Turns tokens back into text: the {@code decoder} of tokenizer.json. The text is the strings, joined. */
sealed interface TokenDecoder {
    /**
     * The strings that the next decoder sees.
     *
     * @param work what it may cost
     */
    List<String> decode(List<String> tokens, Work work);

    /** The bytes that a token is by itself, where it is bytes and not text. */
    default Optional<byte[]> bytesOf(String token) {
        return Optional.empty();
    }

    /** Without a decoder the tokens are joined by spaces. */
    record None() implements TokenDecoder {
        @Override
        public List<String> decode(List<String> tokens, Work work) {
            return List.of(String.join(" ", tokens));
        }
    }

    /** The bytes that the characters stand for, as UTF-8; what is not UTF-8 becomes U+FFFD. */
    record ByteLevel() implements TokenDecoder {
        @Override
        public List<String> decode(List<String> tokens, Work work) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            for (String token : tokens) {
                bytes.writeBytes(ByteAlphabet.bytesOf(token));
            }
            return List.of(Utf8.decode(bytes.toByteArray()));
        }

        @Override
        public Optional<byte[]> bytesOf(String token) {
            return Optional.of(ByteAlphabet.bytesOf(token));
        }
    }

    /** Replaces inside each token. */
    record Replace(TextPattern pattern, String content) implements TokenDecoder {
        @Override
        public List<String> decode(List<String> tokens, Work work) {
            List<String> out = new ArrayList<>(tokens.size());
            long length = 0;
            for (String token : tokens) {
                String replaced = pattern.replaceAll(token, content, work);
                length += replaced.length();
                work.requireRoom(length);
                out.add(replaced);
            }
            return out;
        }
    }

    /** Tokens of the form {@code <0xE2>} are bytes; a run that is not UTF-8 becomes one U+FFFD for each byte. */
    record ByteFallback() implements TokenDecoder {
        @Override
        public List<String> decode(List<String> tokens, Work work) {
            List<String> out = new ArrayList<>();
            ByteArrayOutputStream run = new ByteArrayOutputStream();
            for (String token : tokens) {
                int b = byteOf(token);
                if (b >= 0) {
                    run.write(b);
                } else {
                    flush(run, out);
                    out.add(token);
                }
            }
            flush(run, out);
            return out;
        }

        @Override
        public Optional<byte[]> bytesOf(String token) {
            int b = byteOf(token);
            return b < 0 ? Optional.empty() : Optional.of(new byte[] {(byte) b});
        }

        private static void flush(ByteArrayOutputStream run, List<String> out) {
            if (run.size() == 0) {
                return;
            }
            try {
                out.add(StandardCharsets.UTF_8
                        .newDecoder() // which reports errors
                        .decode(ByteBuffer.wrap(run.toByteArray()))
                        .toString());
            } catch (CharacterCodingException e) {
                out.add("\uFFFD".repeat(run.size()));
            }
            run.reset();
        }

        static int byteOf(String token) {
            if (token.length() != 6 || !token.startsWith("<0x") || token.charAt(5) != '>') {
                return -1;
            }
            int high = Character.digit(token.charAt(3), 16);
            int low = Character.digit(token.charAt(4), 16);
            return high < 0 || low < 0 ? -1 : high << 4 | low;
        }
    }

    /** Joins everything, so that the next decoder sees one string. */
    record Fuse() implements TokenDecoder {
        @Override
        public List<String> decode(List<String> tokens, Work work) {
            return List.of(String.join("", tokens));
        }
    }

    /** Removes at most {@code start} times {@code content} from the beginning of each string, {@code stop} from the end. */
    record Strip(char content, int start, int stop) implements TokenDecoder {
        @Override
        public List<String> decode(List<String> tokens, Work work) {
            return tokens.stream().map(this::strip).toList();
        }

        private String strip(String text) {
            int from = 0;
            int to = text.length();
            while (from < start && from < to && text.charAt(from) == content) {
                from++;
            }
            while (text.length() - to < stop && to > from && text.charAt(to - 1) == content) {
                to--;
            }
            return text.substring(from, to);
        }
    }

    /** Undoes {@link PreTokenizer.Metaspace}. */
    record Metaspace(char replacement, PreTokenizer.PrependScheme prepend) implements TokenDecoder {
        @Override
        public List<String> decode(List<String> tokens, Work work) {
            List<String> out = new ArrayList<>();
            for (String token : tokens) {
                boolean dropped = out.isEmpty() && prepend != PreTokenizer.PrependScheme.NEVER;
                out.add(token.replace(String.valueOf(replacement), dropped ? "" : " "));
            }
            return out;
        }
    }

    /** Undoes {@link dev.jacobian.io.tokenizer.WordPiece}: a token without the prefix is a word, with a space before it. */
    record WordPiece(String prefix, boolean cleanup) implements TokenDecoder {
        @Override
        public List<String> decode(List<String> tokens, Work work) {
            List<String> out = new ArrayList<>(tokens.size());
            for (String token : tokens) {
                String text = out.isEmpty()
                        ? token
                        : token.startsWith(prefix) ? token.substring(prefix.length()) : " " + token;
                out.add(cleanup ? cleanUp(text) : text);
            }
            return out;
        }
    }

    /** The output of a model that says something at every moment of a sound: repetitions and padding are dropped. */
    record Ctc(String padding, String wordDelimiter, boolean cleanup) implements TokenDecoder {
        @Override
        public List<String> decode(List<String> tokens, Work work) {
            List<String> out = new ArrayList<>();
            String last = null;
            for (String token : tokens) {
                if (!token.equals(last)) {
                    String text = padding.isEmpty() ? token : token.replace(padding, "");
                    if (cleanup) {
                        text = new TextPattern.Literal(wordDelimiter).replaceAll(cleanUp(text), " ", work);
                    }
                    if (!text.isEmpty()) {
                        out.add(text);
                    }
                }
                last = token;
            }
            return out;
        }
    }

    /** The suffix that ends a word becomes a space, but for the last word. */
    record EndOfWord(String suffix) implements TokenDecoder {
        @Override
        public List<String> decode(List<String> tokens, Work work) {
            List<String> out = new ArrayList<>(tokens.size());
            for (String token : tokens) {
                String space = out.size() == tokens.size() - 1 ? "" : " ";
                out.add(new TextPattern.Literal(suffix).replaceAll(token, space, work));
            }
            return out;
        }
    }

    /** Takes back spaces that splitting English at punctuation has made. */
    private static String cleanUp(String text) {
        if (text.indexOf(' ') < 0) {
            return text;
        }
        return text.replace(" .", ".")
                .replace(" ?", "?")
                .replace(" !", "!")
                .replace(" ,", ",")
                .replace(" ' ", "'")
                .replace(" n't", "n't")
                .replace(" 'm", "'m")
                .replace(" do not", " don't")
                .replace(" 's", "'s")
                .replace(" 've", "'ve")
                .replace(" 're", "'re");
    }

    /** One after another. */
    record Sequence(List<TokenDecoder> steps) implements TokenDecoder {
        @Override
        public List<String> decode(List<String> tokens, Work work) {
            for (TokenDecoder step : steps) {
                tokens = step.decode(tokens, work);
            }
            return tokens;
        }

        @Override
        public Optional<byte[]> bytesOf(String token) {
            return steps.stream().flatMap(step -> step.bytesOf(token).stream()).findFirst();
        }
    }

    /** Reads the component; a JSON null is {@link None}. */
    static TokenDecoder read(JsonNode json, String where) {
        if (json.isNull() || json.isMissingNode()) {
            return new None();
        }
        JsonFields fields = JsonFields.of(json, where);
        String type = fields.string("type");
        TokenDecoder decoder = switch (type) {
            case "ByteLevel" -> {
                fields.ignore("add_prefix_space", "trim_offsets", "use_regex"); // for encoding only
                yield new ByteLevel();
            }
            case "Replace" ->
                new Replace(TextPattern.read(fields.get("pattern"), where + ", pattern"), fields.string("content"));
            case "ByteFallback" -> new ByteFallback();
            case "Fuse" -> new Fuse();
            case "Strip" -> {
                String content = fields.string("content");
                if (content.length() != 1) {
                    throw new FormatException(
                            where, "'content' must be one character, found '" + content + "'", "Correct it");
                }
                yield new Strip(content.charAt(0), fields.integer("start"), fields.integer("stop"));
            }
            case "Metaspace" -> {
                fields.ignore("split");
                yield new Metaspace(PreTokenizer.metaspaceReplacement(fields), PreTokenizer.prependScheme(fields));
            }
            case "WordPiece" -> new WordPiece(fields.string("prefix", "##"), fields.bool("cleanup", true));
            case "CTC" ->
                new Ctc(
                        fields.string("pad_token", "<pad>"),
                        fields.string("word_delimiter_token", "|"),
                        fields.bool("cleanup", true));
            case "BPEDecoder" -> new EndOfWord(fields.string("suffix", "</w>"));
            case "Sequence" ->
                new Sequence(fields.objects("decoders").stream()
                        .map(f -> read(f.node(), f.where()))
                        .toList());
            default ->
                throw new FormatException(
                        where,
                        "the decoder '" + type + "' is not supported",
                        "Supported are ByteLevel, Replace, ByteFallback, Fuse, Strip, Metaspace, WordPiece, CTC,"
                                + " BPEDecoder and Sequence");
        };
        fields.finish();
        return decoder;
    }
}
