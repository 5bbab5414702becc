// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.testing.TestPaths;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The bytes of a text's tokens are the bytes of the text, also where a token is a part of a character. */
class TokenBytesTest {
    private static final String TEXT = "Grüße, 世界 and \uD83D\uDE00!\n  twice  ";

    @ParameterizedTest
    @ValueSource(
            strings = {
                "bytelevel-deepseek-v3",
                "bytelevel-llama3",
                "bytelevel-qwen",
                "bytelevel-tekken",
                "spm-bytefallback"
            })
    void theBytesOfTokensAreTheText(String name) {
        Tokenizer tokenizer = Tokenizer.load(TestPaths.testdata("tokenizers", name));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int id : tokenizer.encode(TEXT, false)) {
            bytes.writeBytes(tokenizer.bytesOf(id));
        }
        String whole = bytes.toString(StandardCharsets.UTF_8);
        assertThat(name.startsWith("spm") ? whole.substring(1) : whole)
                .isEqualTo(TEXT); // SentencePiece puts a blank before
    }

    @Test
    void anAddedTokenIsItsNameAndNoTokenIsNothing() {
        Tokenizer tokenizer = Tokenizer.load(TestPaths.model("qwen3"));
        int end = tokenizer.idOf("<|im_end|>").orElseThrow();
        assertThat(new String(tokenizer.bytesOf(end), StandardCharsets.UTF_8)).isEqualTo("<|im_end|>");
        assertThat(tokenizer.bytesOf(tokenizer.idLimit())).isEmpty();
    }
}
