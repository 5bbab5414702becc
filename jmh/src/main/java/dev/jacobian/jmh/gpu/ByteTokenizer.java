// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.gpu;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.tensor.Nullable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes a tokenizer.json whose tokens are bytes, so that a text of n ASCII characters has n tokens and none is special. */
final class ByteTokenizer {
    private static final String FILE = "tokenizer.json";

    private ByteTokenizer() {}

    static void write(Path folder) {
        ObjectNode tokenizer = Json.object();
        tokenizer.put("version", "1.0");
        tokenizer.putArray("added_tokens");
        tokenizer.putNull("normalizer");
        tokenizer.set("pre_tokenizer", byteLevel());
        tokenizer.set("post_processor", byteLevel());
        tokenizer.set("decoder", byteLevel());
        ObjectNode model = tokenizer.putObject("model");
        model.put("type", "BPE");
        ObjectNode vocabulary = model.putObject("vocab");
        int unprintable = 256;
        for (int value = 0; value < 256; value++) {
            // The byte-level alphabet: printable characters of Latin-1 stand for themselves, the others follow after
            // them.
            boolean printable = value > 32 && value < 127 || value > 160 && value != 173;
            vocabulary.put(String.valueOf((char) (printable ? value : unprintable++)), value);
        }
        model.putArray("merges");
        Json.write(folder.resolve(FILE), tokenizer);
    }

    private static ObjectNode byteLevel() {
        return Json.object()
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", true);
    }

    /** Deletes what {@link #write} made, and its folder; nothing if that is null. */
    static void delete(@Nullable Path folder) {
        try {
            if (folder != null) {
                Files.deleteIfExists(folder.resolve(FILE));
                Files.deleteIfExists(folder);
            }
        } catch (IOException leftBehind) {
            throw new UncheckedIOException("cannot delete " + folder, leftBehind);
        }
    }
}
