// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.FormatException;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.fuzz.Bytes;
import dev.jacobian.testing.fuzz.Fuzz;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files: what is written is read; what is broken is refused with file, place and advice, soon and in little memory. */
class GgufFileTest {
    @TempDir
    Path folder;

    private static Tensor ramp(int... extents) {
        Tensor out = Tensor.zeros(extents);
        for (int i = 0; i < out.elements(); i++) {
            out.floats()[i] = (i % 37 - 18) / 8f;
        }
        return out;
    }

    private static GgufWriter small() {
        return new GgufWriter()
                .put("general.architecture", "llama")
                .put("llama.block_count", 3)
                .put("llama.rope.freq_base", 10000f)
                .put("a.flag", true)
                .put("a.list", new int[] {1, -2, 3})
                .put("a.numbers", new float[] {0.1f, -2})
                .put("tokenizer.ggml.tokens", new String[] {"a", "", "\u2581\ud83d\ude00"})
                .tensor("f32", GgufType.F32, List.of(3L, 5L), () -> ramp(3, 5))
                .tensor("f16", GgufType.F16, List.of(7L), () -> ramp(7))
                .tensor("bf16", GgufType.BF16, List.of(2L, 2L, 3L), () -> ramp(2, 2, 3))
                .tensor("q8", GgufType.Q8_0, List.of(2L, 64L), () -> ramp(2, 64))
                .tensor("q4", GgufType.Q4_0, List.of(1L, 32L), () -> ramp(1, 32));
    }

    private Path write(GgufWriter writer) {
        Path file = folder.resolve("small.gguf");
        writer.write(file);
        return file;
    }

    @Test
    void roundTrip() {
        try (GgufFile file = GgufFile.open(write(small()))) {
            GgufMetadata keys = file.metadata();
            assertThat(keys.requireText("general.architecture")).isEqualTo("llama");
            assertThat(keys.requireInteger("llama.block_count")).isEqualTo(3);
            assertThat(keys.number("llama.rope.freq_base")).contains(10000.0);
            assertThat(keys.number("llama.block_count")).contains(3.0);
            assertThat(keys.flag("a.flag")).contains(true);
            assertThat(keys.integers("a.list").orElseThrow()).containsExactly(1, -2, 3);
            assertThat(keys.numbers("a.numbers").orElseThrow()).containsExactly(0.1, -2); // the shortest decimal
            assertThat(keys.texts("tokenizer.ggml.tokens").orElseThrow())
                    .containsExactly("a", "", "\u2581\ud83d\ude00");
            assertThat(file.tensor("f32").extents()).containsExactly(3L, 5L);
            assertThat(file.read("f32").toFloatArray()).isEqualTo(ramp(3, 5).toFloatArray());
            assertThat(file.read("f16").toFloatArray()).isEqualTo(ramp(7).toFloatArray());
            assertThat(file.readNarrow("bf16").dtype()).isEqualTo(DType.BF16);
            assertThat(file.readNarrow("bf16").to(DType.F32).toFloatArray())
                    .isEqualTo(ramp(2, 2, 3).toFloatArray());
            assertThat(file.readNarrow("q8").dtype()).isEqualTo(DType.F32);
            assertThat(file.readBytes("q4")).hasSize(18);
            float[] q8 = file.read("q8").toFloatArray();
            for (int i = 0; i < q8.length; i++) {
                assertThat(q8[i]).isCloseTo(ramp(2, 64).floats()[i], org.assertj.core.data.Offset.offset(2.25f / 127));
            }
            assertThatThrownBy(() -> file.read("none"))
                    .isInstanceOf(FormatException.class)
                    .hasMessageContaining("'none'");
            assertThatThrownBy(() -> keys.integer("a.flag")).hasMessageContaining("key a.flag", "a boolean");
        }
    }

    @Test
    @DisplayName("tensors larger than what one thread takes at a time")
    void manyPieces() {
        Tensor large = ramp(70, 2048);
        Path file = write(new GgufWriter()
                .tensor("a", GgufType.F32, List.of(70L, 2048L), () -> large)
                .tensor("b", GgufType.Q8_0, List.of(70L, 2048L), () -> large));
        try (GgufFile read = GgufFile.open(file)) {
            assertThat(read.read("a").toFloatArray()).isEqualTo(large.toFloatArray());
            float[] whole = read.read("b").toFloatArray();
            float[] again = new float[whole.length];
            GgufFile.decode(GgufType.Q8_0, read.readBytes("b"), again, 0, again.length / 32);
            assertThat(whole).isEqualTo(again);
        }
    }

    @Test
    void numbersThatCannotBeStored() {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, 70000}) {
            Tensor tensor = Tensor.zeros(32);
            tensor.floats()[3] = bad;
            GgufWriter writer = new GgufWriter().tensor("w", GgufType.F16, List.of(32L), () -> tensor);
            assertThatThrownBy(() -> write(writer))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("'w'");
        }
        assertThat(folder.resolve("small.gguf")).doesNotExist();
        assertThatThrownBy(() -> new GgufWriter().tensor("w", GgufType.Q8_0, List.of(33L), () -> Tensor.zeros(33)))
                .hasMessageContaining("blocks are 32");
    }

    /** Bytes by hand. */
    private record Raw(ByteBuffer bytes) {
        static Raw header(int version, long tensors, long keys) {
            Raw raw = new Raw(ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN));
            raw.bytes
                    .put("GGUF".getBytes(StandardCharsets.US_ASCII))
                    .putInt(version)
                    .putLong(tensors)
                    .putLong(keys);
            return raw;
        }

        Raw text(String text) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            bytes.putLong(utf8.length).put(utf8);
            return this;
        }

        Raw tensor(String name, int type, long offset, long... extents) {
            text(name).bytes.putInt(extents.length);
            for (long extent : extents) {
                bytes.putLong(extent);
            }
            bytes.putInt(type).putLong(offset);
            return this;
        }

        Raw with(Consumer<ByteBuffer> more) {
            more.accept(bytes);
            return this;
        }
    }

    private void refuses(Raw raw, String... says) throws IOException {
        Path file = folder.resolve("raw.gguf");
        byte[] bytes = new byte[raw.bytes.position()];
        raw.bytes.get(0, bytes);
        Files.write(file, bytes);
        assertThatThrownBy(() -> GgufFile.open(file).close())
                .isInstanceOf(FormatException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContainingAll(says);
    }

    @Test
    void refusals() throws IOException {
        refuses(Raw.header(1, 0, 0), "version 1");
        refuses(Raw.header(0x03000000, 0, 0), "big-endian");
        refuses(Raw.header(3, -1, 0), "tensors");
        refuses(Raw.header(3, 1L << 40, 0), "tensors");
        refuses(Raw.header(3, 0, 1L << 40), "keys");
        refuses(Raw.header(3, 0, 1).with(b -> b.putLong(1L << 62).putLong(0)), "a string of 4611686018427387904 bytes");
        refuses(Raw.header(3, 0, 1).text("k").with(b -> b.putInt(77).putInt(0)), "key k", "type 77");
        refuses(Raw.header(3, 0, 1).text("k").with(b -> b.putInt(7).put((byte) 2)), "boolean 2");
        refuses(
                Raw.header(3, 0, 1)
                        .text("k")
                        .with(b -> b.putInt(9).putInt(9).putLong(1).putInt(0).putLong(0)),
                "a list of lists");
        refuses(
                Raw.header(3, 0, 1)
                        .text("k")
                        .with(b -> b.putInt(9).putInt(4).putLong(1L << 60).putLong(0)),
                "1152921504606846976 values");
        refuses(
                Raw.header(3, 0, 2)
                        .text("k")
                        .with(b -> b.putInt(4).putInt(1))
                        .text("k")
                        .with(b -> b.putInt(4).putInt(1)),
                "twice");
        refuses(
                Raw.header(3, 0, 1)
                        .text("general.alignment")
                        .with(b -> b.putInt(4).putInt(48)),
                "alignment 48");
        refuses(Raw.header(3, 1, 0).tensor("w", 23, 0, 256), "tensor 'w'", "IQ4_XS");
        refuses(Raw.header(3, 1, 0).tensor("w", 4, 0, 32), "no longer has");
        refuses(Raw.header(3, 1, 0).tensor("w", 999, 0, 32), "number 999");
        refuses(Raw.header(3, 1, 0).tensor("w", 8, 0, 33), "blocks of 32");
        refuses(Raw.header(3, 1, 0).tensor("w", 0, 0, 1, 1, 1, 1, 1), "5 dimensions");
        refuses(Raw.header(3, 1, 0).tensor("w", 0, 0, 1L << 40, 1L << 40), "extent 1099511627776");
        refuses(Raw.header(3, 1, 0).tensor("w", 0, 0, 1000), "end behind the file's");
        refuses(Raw.header(3, 1, 0).tensor("w", 0, 64, 1), "begins at offset 64");
        refuses(
                Raw.header(3, 2, 0).tensor("w", 0, 0, 1).tensor("w", 0, 32, 1).with(b -> b.put(new byte[200])),
                "twice");
        Path file = folder.resolve("raw.gguf");
        Files.write(file, new byte[] {1, 2, 3});
        assertThatThrownBy(() -> GgufFile.open(file)).hasMessageContaining("letters GGUF");
        Files.write(file, new byte[0]);
        assertThatThrownBy(() -> GgufFile.open(file)).hasMessageContaining("letters GGUF");
    }

    @Test
    void parts() {
        Path first = folder.resolve("m-00001-of-00002.gguf");
        Path second = folder.resolve("m-00002-of-00002.gguf");
        new GgufWriter()
                .put("general.architecture", "llama")
                .put("split.count", 2)
                .put("split.no", 0)
                .tensor("a", GgufType.F32, List.of(3L), () -> ramp(3))
                .write(first);
        assertThatThrownBy(() -> GgufCheckpoint.open(first)).hasMessageContaining("m-00002-of-00002.gguf is missing");
        GgufWriter part = new GgufWriter().put("split.count", 2).put("split.no", 1);
        part.tensor("b", GgufType.F32, List.of(4L), () -> ramp(4)).write(second);
        for (Path given : List.of(first, second)) {
            try (GgufCheckpoint parts = GgufCheckpoint.open(given)) {
                assertThat(parts.metadata().requireText("general.architecture")).isEqualTo("llama");
                assertThat(parts.tensors()).extracting(GgufTensor::name).containsExactly("a", "b");
                assertThat(parts.file("b").read("b").toFloatArray()).isEqualTo(ramp(4).toFloatArray());
            }
        }
        part.put("split.no", 0).write(second);
        assertThatThrownBy(() -> GgufCheckpoint.open(first)).hasMessageContaining("split.no is 0");
        part.put("split.no", 1)
                .tensor("a", GgufType.F32, List.of(1L), () -> ramp(1))
                .write(second);
        assertThatThrownBy(() -> GgufCheckpoint.open(first)).hasMessageContaining("another part has it too");
    }

    @Test
    @DisplayName("broken files: a clear error or tensors")
    void fuzz() throws IOException {
        int threads = ComputePool.threads();
        ComputePool.setThreads(1); // what others allocate would not be counted
        try {
            byte[] whole = Files.readAllBytes(write(small()));
            Path file = folder.resolve("broken.gguf");
            int inputs = Fuzz.inputs(1000);
            int read = Fuzz.run(
                    inputs,
                    1,
                    choices -> choices.oneIn(50) ? whole : Bytes.mutate(whole, choices),
                    input -> {
                        Files.write(file, input);
                        try (GgufFile opened = GgufFile.open(file)) {
                            for (GgufTensor tensor : opened.tensors()) {
                                opened.read(tensor.name());
                            }
                        }
                    },
                    FormatException.class::isInstance);
            assertThat(read).isBetween(inputs / 50, inputs - inputs / 50);
        } finally {
            ComputePool.setThreads(threads);
        }
    }
}
