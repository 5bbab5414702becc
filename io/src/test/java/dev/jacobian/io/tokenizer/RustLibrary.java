// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;

/** Hugging Face's own library, in Rust, through DJL. Its native code is in DJL's jar; nothing is downloaded. */
final class RustLibrary implements AutoCloseable {
    private final HuggingFaceTokenizer tokenizer;

    private RustLibrary(HuggingFaceTokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /**
     * Reads a tokenizer.json. The test is skipped, with a message, where there is no native code for this machine.
     *
     * @param cache a folder for the native code
     */
    static RustLibrary load(Path file, Path cache) {
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("OPT_OUT_TRACKING", "true");
        System.setProperty("RUST_FLAVOR", "cpu");
        System.setProperty("DJL_CACHE_DIR", cache.toString());
        try {
            return new RustLibrary(HuggingFaceTokenizer.newInstance(
                    file, Map.of("truncation", "false", "padding", "false", "addSpecialTokens", "false")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (LinkageError | IllegalStateException | AssertionError e) {
            Assumptions.abort("skipped: Hugging Face's library cannot be loaded here: " + e);
            throw e;
        }
    }

    int[] encode(String text, boolean addSpecialTokens) {
        return ints(tokenizer.encode(text, addSpecialTokens, false).getIds());
    }

    Encoding encodePair(String first, String second, boolean addSpecialTokens) {
        var encoding = tokenizer.encode(first, second, addSpecialTokens, false);
        return new Encoding(ints(encoding.getIds()), ints(encoding.getTypeIds()));
    }

    String decode(int[] ids, boolean skipSpecialTokens) {
        return tokenizer.decode(Arrays.stream(ids).asLongStream().toArray(), skipSpecialTokens);
    }

    private static int[] ints(long[] values) {
        return Arrays.stream(values).mapToInt(Math::toIntExact).toArray();
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
