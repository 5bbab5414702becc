// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Writes a {@link ModelShape} with random weights as a GGUF file (version 3), for peers that read nothing else.
 *
 * <p>Layout, little-endian: magic, version, number of tensors, number of keys; the keys with their values; name, extents
 * (innermost first), type and offset of every tensor; then from a multiple of 32 bytes the tensors, each aligned to 32. The
 * weights are of the size that training starts from: time does not depend on values, but denormals would make it.
 */
final class GgufWriter {
    private static final int ALIGNMENT = 32;
    private static final int UINT32 = 4;
    private static final int INT32 = 5;
    private static final int FLOAT32 = 6;
    private static final int STRING = 8;
    private static final int ARRAY = 9;
    private static final int TYPE_F32 = 0;
    private static final int NORMAL = 1;
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int BYTE = 6;
    private static final int BLOCK = 32;

    /** Type number by name of a format. */
    private static final Map<String, Integer> TYPES = Map.of("f32", TYPE_F32, "q4_0", 2, "q8_0", 8, "bf16", 30);

    /** A tensor; one of one dimension is always F32. */
    private record Entry(String name, long inner, long outer, int type) {
        long bytes() {
            long n = inner * outer;
            return switch (type) {
                case 2 -> n / BLOCK * 18;
                case 8 -> n / BLOCK * 34;
                case 30 -> n * 2;
                default -> n * 4;
            };
        }
    }

    private final ModelShape shape;
    private final List<Entry> tensors = new ArrayList<>();
    private final ByteBuffer out;
    private long keys;

    private GgufWriter(ModelShape shape, String format) {
        this.shape = shape;
        this.out = ByteBuffer.allocate(1 << 20 << 2).order(ByteOrder.LITTLE_ENDIAN);
        Integer type = TYPES.get(format);
        if (type == null) {
            throw new IllegalArgumentException("no GGUF type for '" + format + "'; there are " + TYPES.keySet());
        }
        list(type);
    }

    /** Writes the file unless it is there. */
    static void write(Path file, ModelShape shape, String format) throws IOException {
        if (Files.exists(file)) {
            return;
        }
        GgufWriter writer = new GgufWriter(shape, format);
        Files.createDirectories(file.toAbsolutePath().getParent());
        Path partial = file.resolveSibling(file.getFileName() + ".partial");
        try (OutputStream stream = new BufferedOutputStream(Files.newOutputStream(partial), 1 << 20)) {
            stream.write(writer.header());
            for (Entry tensor : writer.tensors) {
                data(tensor, stream);
            }
        }
        Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Everything before the tensors' numbers. */
    static byte[] header(ModelShape shape, String format) {
        return new GgufWriter(shape, format).header();
    }

    private void list(int type) {
        long d = shape.hidden();
        long width = (long) shape.heads() * shape.headDim();
        long kvWidth = (long) shape.kvHeads() * shape.headDim();
        long inner = shape.intermediate();
        tensors.add(new Entry("token_embd.weight", d, shape.vocabulary(), type));
        tensors.add(new Entry("output_norm.weight", d, 1, TYPE_F32));
        for (int i = 0; i < shape.layers(); i++) {
            String name = "blk." + i + ".";
            tensors.add(new Entry(name + "attn_norm.weight", d, 1, TYPE_F32));
            tensors.add(new Entry(name + "attn_q.weight", d, width, type));
            tensors.add(new Entry(name + "attn_k.weight", d, kvWidth, type));
            tensors.add(new Entry(name + "attn_v.weight", d, kvWidth, type));
            tensors.add(new Entry(name + "attn_output.weight", width, d, type));
            tensors.add(new Entry(name + "ffn_norm.weight", d, 1, TYPE_F32));
            tensors.add(new Entry(name + "ffn_gate.weight", d, inner, type));
            tensors.add(new Entry(name + "ffn_up.weight", d, inner, type));
            tensors.add(new Entry(name + "ffn_down.weight", inner, d, type));
        }
    }

    private byte[] header() {
        out.put("GGUF".getBytes(StandardCharsets.US_ASCII)).putInt(3).putLong(tensors.size());
        int keyCount = out.position();
        out.putLong(0);
        string("general.architecture", "llama");
        string("general.name", "random weights");
        number("llama.context_length", ModelShape.POSITIONS);
        number("llama.embedding_length", shape.hidden());
        number("llama.block_count", shape.layers());
        number("llama.feed_forward_length", shape.intermediate());
        number("llama.attention.head_count", shape.heads());
        number("llama.attention.head_count_kv", shape.kvHeads());
        number("llama.attention.key_length", shape.headDim());
        number("llama.attention.value_length", shape.headDim());
        number("llama.rope.dimension_count", shape.headDim());
        number("llama.vocab_size", shape.vocabulary());
        real("llama.attention.layer_norm_rms_epsilon", (float) ModelShape.EPSILON);
        real("llama.rope.freq_base", (float) ModelShape.ROPE_THETA);
        vocabulary();
        out.putLong(keyCount, keys);
        long offset = 0;
        for (Entry tensor : tensors) {
            text(tensor.name);
            boolean vector = tensor.outer == 1;
            out.putInt(vector ? 1 : 2).putLong(tensor.inner);
            if (!vector) {
                out.putLong(tensor.outer);
            }
            out.putInt(tensor.type).putLong(offset);
            offset += aligned(tensor.bytes());
        }
        byte[] bytes = new byte[(int) aligned(out.position())];
        out.get(0, bytes, 0, out.position());
        return bytes;
    }

    /** A sentencepiece vocabulary: three special tokens, the 256 bytes, and made-up words. */
    private void vocabulary() {
        int n = shape.vocabulary();
        string("tokenizer.ggml.model", "llama");
        array("tokenizer.ggml.tokens", STRING, n);
        for (int i = 0; i < n; i++) {
            text(
                    switch (i) {
                        case 0 -> "<unk>";
                        case 1 -> "<s>";
                        case 2 -> "</s>";
                        default -> i < 3 + 256 ? String.format(Locale.ROOT, "<0x%02X>", i - 3) : "w" + i;
                    });
        }
        array("tokenizer.ggml.scores", FLOAT32, n);
        for (int i = 0; i < n; i++) {
            out.putFloat(-i);
        }
        array("tokenizer.ggml.token_type", INT32, n);
        for (int i = 0; i < n; i++) {
            out.putInt(i == 0 ? UNKNOWN : i < 3 ? CONTROL : i < 3 + 256 ? BYTE : NORMAL);
        }
        number("tokenizer.ggml.unknown_token_id", 0);
        number("tokenizer.ggml.bos_token_id", 1);
        number("tokenizer.ggml.eos_token_id", 2);
    }

    private void key(String name, int type) {
        keys++;
        text(name);
        out.putInt(type);
    }

    private void string(String name, String value) {
        key(name, STRING);
        text(value);
    }

    private void number(String name, int value) {
        key(name, UINT32);
        out.putInt(value);
    }

    private void real(String name, float value) {
        key(name, FLOAT32);
        out.putFloat(value);
    }

    private void array(String name, int type, long count) {
        key(name, ARRAY);
        out.putInt(type).putLong(count);
    }

    private void text(String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        out.putLong(bytes.length).put(bytes);
    }

    private static long aligned(long bytes) {
        return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    private static void data(Entry tensor, OutputStream stream) throws IOException {
        SplittableRandom random = new SplittableRandom(tensor.name.hashCode());
        boolean norm = tensor.outer == 1;
        short scale = Float.floatToFloat16(tensor.type == 8 ? 0.04f / 127 : 0.04f / 8);
        ByteBuffer row =
                ByteBuffer.allocate((int) (tensor.bytes() / tensor.outer)).order(ByteOrder.LITTLE_ENDIAN);
        for (long r = 0; r < tensor.outer; r++) {
            row.clear();
            while (row.hasRemaining()) {
                switch (tensor.type) {
                    case 30 -> row.putShort((short) (Float.floatToRawIntBits(small(random)) >>> 16));
                    case TYPE_F32 -> row.putFloat(norm ? 1f : small(random));
                    default -> {
                        row.putShort(scale);
                        for (int i = tensor.type == 8 ? 4 : 2; i > 0; i--) {
                            row.putLong(random.nextLong());
                        }
                    }
                }
            }
            stream.write(row.array());
        }
        stream.write(new byte[(int) (aligned(tensor.bytes()) - tensor.bytes())]);
    }

    private static float small(SplittableRandom random) {
        return ((random.nextInt() >> 8) + 0.5f) * (0.04f / (1 << 23));
    }
}
