// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Ids and text are those of Hugging Face's library on random texts: a few thousand, or 100,000 with -Dtests=exhaustive. */
class RustLibraryTest {
    private static final int TEXTS = Boolean.getBoolean("jacobian.tests.exhaustive") ? 100_000 : 2_000;
    private static final int SHOWN = 20;

    @TempDir(cleanup = CleanupMode.NEVER) // a library that is loaded cannot be deleted everywhere
    static Path cache;

    static Stream<Path> committed() throws IOException {
        return folders(TestPaths.testdata("tokenizers"));
    }

    static Stream<Path> real() throws IOException {
        return folders(TestPaths.shared("golden", "tokenizers", "real"));
    }

    private static Stream<Path> folders(Path parent) throws IOException {
        try (Stream<Path> folders = Files.list(parent)) {
            return folders.filter(Files::isDirectory).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("committed")
    void syntheticVocabularies(Path folder) {
        compare(folder);
    }

    @ParameterizedTest
    @MethodSource("real")
    void realVocabularies(Path folder) {
        compare(folder);
    }

    @ParameterizedTest
    @EnumSource
    void trainedVocabularies(ByteLevelBpeTrainer.Splitting splitting, @TempDir Path folder) {
        ByteLevelBpeTrainer.train(
                        Stream.of("low lower lowest, new newer newest; 12 + 34 = 46\n\n\tnaïve 你好 don't 😀".repeat(20)),
                        new ByteLevelBpeTrainer.Settings(
                                320,
                                splitting,
                                List.of("<|begin|>", "<|end|>"),
                                Optional.of("<|begin|>"),
                                Optional.of("<|end|>"),
                                Optional.of("<|end|>")))
                .write(folder);
        compare(folder);
    }

    private static void compare(Path folder) {
        Tokenizer ours = Tokenizer.load(folder.resolve("tokenizer.json"));
        RandomTexts texts = new RandomTexts(ours);
        List<String> differences = new ArrayList<>();
        try (RustLibrary theirs = RustLibrary.load(folder.resolve("tokenizer.json"), cache)) {
            for (int i = 0; i < TEXTS && differences.size() < SHOWN; i++) {
                String text = texts.text(i);
                int[] ids = theirs.encode(text, false);
                String what = "text " + i + " <" + escaped(text) + ">";
                expect(what, ours, ours.encode(text, false), ids, differences);
                boolean skip = i % 2 == 0;
                if (i % 4 == 0) {
                    ids = random(i, ours.idLimit());
                    what = "ids " + Arrays.toString(ids);
                }
                String decoded = ours.decode(ids, skip);
                String expected = decodesTheSame(ours, ids) ? theirs.decode(ids, skip) : decoded;
                if (!decoded.equals(expected)) {
                    differences.add(what + " decodes to <" + escaped(decoded) + ">, not <" + escaped(expected) + ">");
                }
            }
        }
        assertThat(differences).isEmpty();
    }

    private static void expect(String what, Tokenizer ours, int[] actual, int[] expected, List<String> differences) {
        if (!Arrays.equals(actual, expected)) {
            int at = Arrays.mismatch(actual, expected);
            differences.add(what + " from " + at + ": " + tail(ours, actual, at) + ", not " + tail(ours, expected, at));
        }
    }

    private static String tail(Tokenizer tokenizer, int[] ids, int from) {
        return Arrays.stream(ids, from, Math.min(ids.length, from + 8))
                .mapToObj(id -> id + " " + escaped(tokenizer.tokenOf(id).orElse("?")))
                .toList()
                .toString();
    }

    private static int[] random(long number, int limit) {
        SplittableRandom random = new SplittableRandom(~number);
        return random.ints(1 + random.nextInt(12), 0, limit).toArray();
    }

    /** What a token with normalized=true decodes to depends on the version of their library. */
    private static boolean decodesTheSame(Tokenizer tokenizer, int[] ids) {
        return tokenizer.addedTokens().stream()
                .filter(AddedToken::normalized)
                .noneMatch(token -> Arrays.stream(ids).anyMatch(id -> id == token.id()));
    }

    private static String escaped(String text) {
        StringBuilder out = new StringBuilder();
        text.codePoints().forEach(c -> {
            if (c >= ' ' && c < 0x7F) {
                out.append((char) c);
            } else {
                out.append("\\u{").append(Integer.toHexString(c)).append('}');
            }
        });
        return out.toString();
    }
}
