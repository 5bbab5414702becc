// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A tokenizer of the test data, and whether it encodes or decodes.
 *
 * @param name its folder
 */
public record TokenizerCase(boolean encode, String name) {
    private static final int COUNT = 128;
    private static final int LENGTH = 4096;
    private static final List<String> FILES =
            List.of("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "docs/performance/README.md");

    /** Reads {@code encode|decode FOLDER}. */
    public static TokenizerCase parse(String text) {
        String[] words = text.split(" ");
        if (words.length != 2 || !words[0].equals("encode") && !words[0].equals("decode")) {
            throw new IllegalArgumentException("'" + text + "' is not of the form 'encode|decode TOKENIZER'");
        }
        return new TokenizerCase(words[0].equals("encode"), words[1]);
    }

    /** The folder with tokenizer.json. */
    public Path folder() {
        return Folders.root().resolve("testdata/tokenizers").resolve(name);
    }

    /** What is encoded: this project's own prose, half a mebibyte of it in texts of 4096 characters. */
    public static List<String> texts() {
        StringBuilder all = new StringBuilder();
        while (all.length() < COUNT * LENGTH) {
            for (String file : FILES) {
                try {
                    all.append(Files.readString(Folders.root().resolve(file)));
                } catch (IOException failed) {
                    throw new UncheckedIOException("cannot read " + file, failed);
                }
            }
        }
        return IntStream.range(0, COUNT)
                .mapToObj(i -> all.substring(i * LENGTH, (i + 1) * LENGTH))
                .toList();
    }

    /** Their size in UTF-8. */
    static double bytes() {
        return String.join("", texts()).getBytes(StandardCharsets.UTF_8).length;
    }
}
