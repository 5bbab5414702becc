// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonlTest {
    @TempDir
    Path folder;

    @Test
    void whatIsWrittenIsRead() {
        Path file = folder.resolve("runs").resolve("metrics.jsonl");
        try (JsonlWriter writer = JsonlWriter.create(file)) {
            writer.write(Json.object().put("step", 1).put("text", "a\nb\u2028ü😀"));
            writer.flush();
            writer.write(Json.object().put("step", 2));
        }
        assertThat(Jsonl.read(file)).hasSize(2);
        assertThat(Jsonl.read(file).get(0).get("text").textValue()).isEqualTo("a\nb\u2028ü😀");
    }

    @Test
    void aByteOrderMarkIsForgivenAtTheBeginningOnly() throws Exception {
        Path file = Files.writeString(folder.resolve("a.jsonl"), "\uFEFF{\"a\": 1}\n{\"a\": 2}\n");
        assertThat(Jsonl.read(file)).hasSize(2);
        Files.writeString(file, "{\"a\": 1}\n\uFEFF{\"a\": 2}\n");
        assertThatThrownBy(() -> Jsonl.read(file)).hasMessageContaining("line 2");
    }

    @Test
    void aByteThatIsNotUtf8HasALine() throws Exception {
        for (int good : new int[] {0, 1, 5, 3000, 40_000}) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            bytes.writeBytes("{\"a\": \"ü\"}\n".repeat(good).getBytes(StandardCharsets.UTF_8));
            bytes.writeBytes(new byte[] {'{', (byte) 0xff, '}', '\n', '1', '\n'});
            Path file = Files.write(folder.resolve("bad.jsonl"), bytes.toByteArray());
            assertThatThrownBy(() -> Jsonl.read(file))
                    .isInstanceOf(FormatException.class)
                    .hasMessageContaining("bad.jsonl, line " + (good + 1) + ": not UTF-8");
        }
        Path cut = Files.write(folder.resolve("cut.jsonl"), new byte[] {'1', '\n', '"', (byte) 0xc3});
        assertThatThrownBy(() -> Jsonl.read(cut)).hasMessageContaining("cut.jsonl, line 2: not UTF-8");
    }

    @Test
    void whatPythonWritesForNoNumberIsSaidInWords() throws Exception {
        Path file = Files.writeString(folder.resolve("nan.jsonl"), "{\"a\": NaN}\n");
        assertThatThrownBy(() -> Jsonl.read(file))
                .hasMessageContaining("line 1: not valid JSON: NaN is no number in JSON; write null, or a string")
                .hasMessageNotContaining("ALLOW");
    }

    @Test
    void severalWritersAppendWholeLines() {
        Path file = folder.resolve("shared.jsonl");
        try (JsonlWriter one = JsonlWriter.append(file);
                JsonlWriter other = JsonlWriter.append(file)) {
            one.write(Json.object().put("n", 1));
            other.write(Json.object().put("n", 2));
            one.write(Json.object().put("n", 3));
        }
        assertThat(Jsonl.read(file))
                .extracting(line -> line.get("n").intValue())
                .containsExactly(1, 2, 3);
    }

    @Test
    void aLineIsInTheFileAsSoonAsItIsWritten() {
        Path file = folder.resolve("a.jsonl");
        try (JsonlWriter writer = JsonlWriter.create(file)) {
            writer.write(Json.object().put("step", 1));
            assertThat(Jsonl.read(file)).hasSize(1);
        }
    }

    /** Every way in which a kill can cut the second of two lines. */
    @Test
    void resumingCutsOffAHalfWrittenLine() throws Exception {
        String first = "{\"step\":1}\n";
        String second = "{\"step\":22,\"text\":\"ü\"}\n";
        byte[] whole = (first + second).getBytes("UTF-8");
        for (int length = 0; length <= whole.length; length++) {
            Path file = folder.resolve("cut-" + length + ".jsonl");
            Files.write(file, java.util.Arrays.copyOf(whole, length));
            try (JsonlWriter writer = JsonlWriter.resume(file)) {
                writer.write(Json.object().put("step", 3));
            }
            int complete = length >= whole.length - 1 ? 2 : length >= first.length() - 1 ? 1 : 0;
            assertThat(Jsonl.read(file)).as("cut at %s", length).hasSize(complete + 1);
            assertThat(Jsonl.read(file).getLast().get("step").intValue()).isEqualTo(3);
        }
    }

    @Test
    void aHalfWrittenLineMayBeLongerThanAnyBuffer() throws Exception {
        Path file = Files.writeString(folder.resolve("a.jsonl"), "{\"step\":1}\n{\"text\":\"" + "x".repeat(300_000));
        JsonlWriter.resume(file).close();
        assertThat(file).hasContent("{\"step\":1}\n");
    }

    @Test
    void aBareNumberMayBeHalfOfOne() throws Exception {
        Path file = Files.writeString(folder.resolve("a.jsonl"), "1\n12");
        JsonlWriter.resume(file).close();
        assertThat(file).hasContent("1\n");
    }

    @Test
    void resumingCanGoBackToAnEarlierStep() throws Exception {
        Path file = folder.resolve("a.jsonl");
        try (JsonlWriter writer = JsonlWriter.create(file)) {
            IntStream.rangeClosed(1, 9).forEach(i -> writer.write(Json.object().put("step", i)));
        }
        try (JsonlWriter writer =
                JsonlWriter.resume(file, line -> line.get("step").intValue() <= 4)) {
            writer.write(Json.object().put("step", 5).put("again", true));
        }
        assertThat(Jsonl.read(file)).hasSize(5);
        assertThat(Jsonl.read(file).get(4).get("again").booleanValue()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"a\":1}\n{\"a\":\n{\"a\":3}\n", "{\"a\":1}\n{\"a\":1,\"a\":2}\n", "{\"a\":1}\n\0\0\0"})
    void aBadLineIsNamed(String text) throws Exception {
        Path file = Files.writeString(folder.resolve("data.jsonl"), text);
        assertThatThrownBy(() -> Jsonl.read(file))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("data.jsonl, line 2");
    }

    @Test
    void aLineThatDoesNotEndIsRefused() throws Exception {
        Path file = folder.resolve("data.jsonl");
        String block = "x".repeat(1 << 20);
        try (var writer = Files.newBufferedWriter(file)) {
            writer.write("{\"a\": 1}\n{\"a\": \"");
            for (int written = 0; written < 100; written++) {
                writer.write(block);
            }
        }
        assertThatThrownBy(() -> Jsonl.read(file))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("data.jsonl, line 2: the line has more than 33554432 characters");
    }

    @Test
    void emptyLinesAndCarriageReturnsDoNotCount() throws Exception {
        Path file = Files.writeString(folder.resolve("data.jsonl"), "\n1\r\n \n2");
        assertThat(Jsonl.read(file)).hasSize(2);
    }
}
