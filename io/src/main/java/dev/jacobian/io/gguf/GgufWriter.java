// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.gguf;

import dev.jacobian.io.AtomicFiles;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.HalfFloats;
import dev.jacobian.tensor.QuantizedMatrix;
import dev.jacobian.tensor.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * Writes a GGUF file of version 3: keys in the order in which they were put, then tensors in theirs.
 *
 * <p>Numbers are asked for when they are written, one tensor after the other, so a model need not be in memory. Integers become
 * unsigned of 32 bits (in lists signed), floating numbers F32, which is what all readers take. A file that was not finished is never
 * seen: it is renamed when it is whole.
 */
public final class GgufWriter {
    private static final int VERSION = 3;
    private static final int ALIGNMENT = 32;
    private static final int UINT32 = 4;
    private static final int INT32 = 5;
    private static final int FLOAT32 = 6;
    private static final int BOOL = 7;
    private static final int STRING = 8;
    private static final int ARRAY = 9;

    /** Numbers that are encoded at a time; a multiple of every block. */
    private static final int PIECE = 1 << 18;

    private final Map<String, Object> keys = new LinkedHashMap<>();
    private final List<Entry> tensors = new ArrayList<>();

    /** Writes the bytes of a tensor. */
    private interface Content {
        void write(Entry entry, FileChannel channel) throws IOException;
    }

    private record Entry(String name, GgufType type, List<Long> extents, Content content) {
        long elements() {
            return extents.stream().reduce(1L, Math::multiplyExact);
        }

        long bytes() {
            return type.bytes(elements());
        }
    }

    /** Puts a key with a {@link String}, {@link Boolean}, {@link Integer}, {@link Float} or a list: {@code String[]}, {@code int[]}, {@code float[]}. */
    public GgufWriter put(String key, Object value) {
        switch (value) {
            case String text -> {}
            case Boolean flag -> {}
            case Float number -> {}
            case String[] texts -> {}
            case int[] integers -> {}
            case float[] numbers -> {}
            case Integer integer -> {
                if (integer < 0) {
                    throw new IllegalArgumentException("key " + key + " is " + integer + ", which is no size or id");
                }
            }
            default -> throw new IllegalArgumentException("key " + key + ": no " + value.getClass() + " is written");
        }
        keys.put(key, value);
        return this;
    }

    /**
     * Adds a tensor.
     *
     * @param type F32, F16, BF16, Q8_0 or Q4_0; rows must divide into its blocks
     * @param extents its shape, the contiguous extent last
     * @param numbers gives its numbers in F32, asked once, when they are written
     */
    public GgufWriter tensor(String name, GgufType type, List<Long> extents, Supplier<Tensor> numbers) {
        if (extents.isEmpty() || extents.getLast() % type.block() != 0) {
            throw new IllegalArgumentException("tensor '" + name + "' of shape " + extents + " cannot be stored as "
                    + type + ", whose blocks are " + type.block() + " numbers of a row");
        }
        switch (type) {
            case F32, F16, BF16, Q8_0, Q4_0 ->
                tensors.add(new Entry(
                        name,
                        type,
                        List.copyOf(extents),
                        (entry, channel) -> write(entry, numbers.get().toFloatArray(), channel)));
            default -> throw new IllegalArgumentException("tensors are not written as " + type);
        }
        return this;
    }

    /**
     * Adds a matrix that is quantized already, or several below each other, byte for byte.
     *
     * @param extents the tensor's shape, the contiguous extent last
     */
    public GgufWriter tensor(String name, List<Long> extents, QuantizedMatrix matrix) {
        tensors.add(new Entry(
                name,
                GgufType.valueOf(matrix.format().name()),
                List.copyOf(extents),
                (entry, channel) -> AtomicFiles.writeFully(channel, ByteBuffer.wrap(matrix.blocks()))));
        return this;
    }

    /**
     * The keys as who reads the file will have them.
     *
     * @param where names the file, for messages
     */
    public GgufMetadata metadata(String where) {
        Map<String, Object> read = new LinkedHashMap<>();
        keys.forEach((key, value) -> read.put(
                key,
                switch (value) {
                    case Integer integer -> integer.longValue();
                    case Float number -> Double.parseDouble(number.toString());
                    case int[] integers -> IntStream.of(integers).asLongStream().toArray();
                    case float[] numbers -> {
                        double[] wide = new double[numbers.length];
                        Arrays.setAll(wide, i -> Double.parseDouble(Float.toString(numbers[i])));
                        yield wide;
                    }
                    default -> value;
                }));
        return new GgufMetadata(read, where);
    }

    /**
     * Writes the file.
     *
     * @throws IllegalArgumentException if a number is NaN, infinite or beyond its type
     * @throws java.io.UncheckedIOException if it cannot be written
     */
    public void write(Path file) {
        AtomicFiles.write(file, this::write);
    }

    private void write(FileChannel channel) throws IOException {
        AtomicFiles.writeFully(channel, ByteBuffer.wrap(header()));
        for (Entry entry : tensors) {
            entry.content.write(entry, channel);
            AtomicFiles.writeFully(channel, ByteBuffer.allocate((int) (aligned(entry.bytes()) - entry.bytes())));
        }
    }

    private static void write(Entry entry, float[] numbers, FileChannel channel) throws IOException {
        if (numbers.length != entry.elements()) {
            throw new IllegalStateException("tensor '" + entry.name + "' has " + numbers.length + " numbers");
        }
        ByteBuffer piece = ByteBuffer.allocate(Math.min(PIECE, numbers.length) * Float.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 0; at < numbers.length; at += PIECE) {
            piece.clear();
            encode(entry, numbers, at, Math.min(PIECE, numbers.length - at), piece);
            AtomicFiles.writeFully(channel, piece.flip());
        }
    }

    private static void encode(Entry entry, float[] numbers, int at, int n, ByteBuffer out) {
        for (int i = at; i < at + n; i++) {
            if (!Float.isFinite(numbers[i])) {
                throw new IllegalArgumentException(
                        "tensor '" + entry.name + "', element " + i + ": the weight is " + numbers[i]);
            }
        }
        switch (entry.type) {
            case F32 -> {
                for (int i = at; i < at + n; i++) {
                    out.putFloat(numbers[i]);
                }
            }
            case F16, BF16 -> {
                DType type = entry.type == GgufType.F16 ? DType.F16 : DType.BF16;
                short[] bits = new short[n];
                float[] back = new float[n];
                HalfFloats.narrow(type, numbers, at, bits, 0, n);
                HalfFloats.widen(type, bits, 0, back, 0, n);
                for (int i = 0; i < n; i++) {
                    if (Float.isInfinite(back[i])) {
                        throw new IllegalArgumentException("tensor '" + entry.name + "' has the value "
                                + numbers[at + i] + ", which " + type + " cannot hold; store it as F32");
                    }
                    out.putShort(bits[i]);
                }
            }
            default -> {
                for (int i = at; i < at + n; i += PlainBlocks.SIZE) {
                    if (entry.type == GgufType.Q8_0) {
                        PlainBlocks.putQ8(numbers, i, out, entry.name);
                    } else {
                        PlainBlocks.putQ4(numbers, i, out, entry.name);
                    }
                }
            }
        }
    }

    private byte[] header() throws IOException {
        Bytes out = new Bytes();
        out.write("GGUF".getBytes(StandardCharsets.US_ASCII));
        out.int32(VERSION).int64(tensors.size()).int64(keys.size());
        keys.forEach((key, value) -> value(out.text(key), value));
        long offset = 0;
        for (Entry entry : tensors) {
            out.text(entry.name).int32(entry.extents.size());
            entry.extents.reversed().forEach(out::int64);
            out.int32(entry.type.id()).int64(offset);
            offset += aligned(entry.bytes());
        }
        out.write(new byte[(int) (aligned(out.size()) - out.size())]);
        return out.toByteArray();
    }

    private static void value(Bytes out, Object value) {
        switch (value) {
            case String text -> out.int32(STRING).text(text);
            case Boolean flag -> out.int32(BOOL).write(flag ? 1 : 0);
            case Integer integer -> out.int32(UINT32).int32(integer);
            case Float number -> out.int32(FLOAT32).int32(Float.floatToRawIntBits(number));
            case String[] texts -> {
                out.int32(ARRAY).int32(STRING).int64(texts.length);
                for (String text : texts) {
                    out.text(text);
                }
            }
            case int[] integers -> {
                out.int32(ARRAY).int32(INT32).int64(integers.length);
                for (int integer : integers) {
                    out.int32(integer);
                }
            }
            case float[] numbers -> {
                out.int32(ARRAY).int32(FLOAT32).int64(numbers.length);
                for (float number : numbers) {
                    out.int32(Float.floatToRawIntBits(number));
                }
            }
            default -> throw new IllegalStateException("put() lets no " + value.getClass() + " in");
        }
    }

    private static long aligned(long bytes) {
        return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    /** Bytes in the order of the format. */
    private static final class Bytes extends ByteArrayOutputStream {
        Bytes int32(int value) {
            for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
                write(value >>> shift);
            }
            return this;
        }

        Bytes int64(long value) {
            return int32((int) value).int32((int) (value >>> Integer.SIZE));
        }

        Bytes text(String text) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            int64(utf8.length);
            writeBytes(utf8);
            return this;
        }
    }
}
