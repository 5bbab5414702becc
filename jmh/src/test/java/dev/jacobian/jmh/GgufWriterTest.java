// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Reads the header back with a reader of its own. */
class GgufWriterTest {
    private static final ModelShape SHAPE = new ModelShape("test", 64, 2, 4, 2, 32, 96, 300);

    private ByteBuffer in;

    private String text() {
        byte[] bytes = new byte[(int) in.getLong()];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private Object value(int type) {
        return switch (type) {
            case 4, 5 -> in.getInt();
            case 6 -> in.getFloat();
            case 8 -> text();
            case 9 -> {
                int element = in.getInt();
                Object[] array = new Object[(int) in.getLong()];
                for (int i = 0; i < array.length; i++) {
                    array[i] = value(element);
                }
                yield array;
            }
            default -> throw new AssertionError("type " + type);
        };
    }

    private Map<String, Object> keys(long count) {
        Map<String, Object> keys = new HashMap<>();
        for (long i = 0; i < count; i++) {
            String name = text();
            keys.put(name, value(in.getInt()));
        }
        return keys;
    }

    @ParameterizedTest
    @CsvSource({"f32, 0, 4096", "bf16, 30, 2048", "q8_0, 8, 1088", "q4_0, 2, 576"})
    void headerAndSizes(String format, int type, long bytesPer1024, @TempDir Path folder) throws IOException {
        Path file = folder.resolve("model.gguf");
        GgufWriter.write(file, SHAPE, format);
        in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);

        assertThat(in.getInt()).isEqualTo(0x46554747); // "GGUF"
        assertThat(in.getInt()).isEqualTo(3);
        long tensors = in.getLong();
        assertThat(tensors).isEqualTo(2 + 9 * 2);
        Map<String, Object> keys = keys(in.getLong());
        assertThat(keys)
                .containsEntry("general.architecture", "llama")
                .containsEntry("llama.embedding_length", 64)
                .containsEntry("llama.block_count", 2)
                .containsEntry("llama.attention.head_count", 4)
                .containsEntry("llama.attention.head_count_kv", 2)
                .containsEntry("llama.attention.layer_norm_rms_epsilon", 1e-5f);
        assertThat((Object[]) keys.get("tokenizer.ggml.tokens")).hasSize(300).contains("<s>", "<0x0A>");

        long end = 0;
        for (long i = 0; i < tensors; i++) {
            String name = text();
            int dimensions = in.getInt();
            long inner = in.getLong();
            long outer = dimensions == 2 ? in.getLong() : 1;
            int stored = in.getInt();
            long offset = in.getLong();
            assertThat(offset).as(name).isEqualTo(end).isEqualTo(offset / 32 * 32);
            assertThat(stored).as(name).isEqualTo(dimensions == 1 ? 0 : type);
            if (name.equals("blk.1.ffn_down.weight")) {
                assertThat(inner).isEqualTo(96);
                assertThat(outer).isEqualTo(64);
            }
            end = offset + (dimensions == 1 ? 4 * inner : inner * outer * bytesPer1024 / 1024);
            end = (end + 31) / 32 * 32;
        }
        long start = (in.position() + 31) / 32 * 32;
        assertThat(Files.size(file)).isEqualTo(start + end);
    }

    @Test
    void anUnknownFormatIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GgufWriter.header(SHAPE, "q5_1"))
                .withMessageContaining("q5_1");
    }
}
