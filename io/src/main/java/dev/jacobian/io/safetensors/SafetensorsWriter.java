// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.safetensors;

import dev.jacobian.io.AtomicFiles;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.HalfFloats;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * Writes one safetensors file.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>The bytes are those of the format's Rust library: tensors by type (widest first) and then by name, the header
 *       padded with spaces to a multiple of eight. Its order of metadata is random; here it is the order in which keys were first given.
 *   <li>Atomic: the old file stays until the new one is whole and flushed, see {@link AtomicFiles}.
 *   <li>Streaming: one tensor at a time is fetched and converted through a small buffer, so that writing needs no
 *       second copy of a model and weights may come from a device.
 *   <li>Narrowing rounds to nearest, ties to even. A finite weight that the narrower type would make infinite is an
 *       error: such a checkpoint would be worthless.
 * </ul>
 */
public final class SafetensorsWriter {
    private static final int BUFFER_BYTES = 1 << 20;

    private final Map<String, Entry> entries = new TreeMap<>(SafetensorsWriter::compareUtf8);
    private final Map<String, String> metadata = new LinkedHashMap<>();

    private record Entry(String name, DType stored, Shape shape, Supplier<Tensor> source) {
        long bytes() {
            return (long) shape.elements() * stored.bytes();
        }
    }

    /** Adds a string to {@code __metadata__}; Hugging Face expects {@code format} to be {@code pt}. */
    public SafetensorsWriter metadata(String key, String value) {
        metadata.put(key, value);
        return this;
    }

    /** Adds a tensor that is stored in its own type. */
    public SafetensorsWriter add(String name, Tensor tensor) {
        return add(name, tensor, tensor.dtype());
    }

    /** Adds a tensor that is stored in the given type: its own, or one floating type for another. */
    public SafetensorsWriter add(String name, Tensor tensor, DType stored) {
        if (stored != tensor.dtype()
                && !(stored.isFloatingPoint() && tensor.dtype().isFloatingPoint())) {
            throw new IllegalArgumentException(
                    "tensor '" + name + "' is " + tensor.dtype() + " and cannot be stored as " + stored);
        }
        return add(name, stored, tensor.shape(), () -> tensor);
    }

    /** Adds a tensor that is fetched when its turn to be written comes, and let go after that. */
    public SafetensorsWriter add(String name, DType stored, Shape shape, Supplier<Tensor> source) {
        if (name.equals(SafetensorsHeader.METADATA)) {
            throw new IllegalArgumentException("'" + name + "' is not a tensor name in safetensors; rename the tensor");
        }
        if (entries.putIfAbsent(name, new Entry(name, stored, shape, source)) != null) {
            throw new IllegalArgumentException("tensor '" + name + "' was already added; names must differ");
        }
        return this;
    }

    /** Size of the file that {@link #write} makes, in bytes. */
    public long fileBytes() {
        return Long.BYTES
                + header().length
                + entries.values().stream().mapToLong(Entry::bytes).sum();
    }

    /**
     * Creates or replaces the file.
     *
     * @throws java.io.UncheckedIOException if it cannot be written; an old file of that name is then untouched
     */
    public void write(Path path) {
        byte[] header = header();
        AtomicFiles.write(path, channel -> {
            ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            buffer.putLong(header.length).flip();
            AtomicFiles.writeFully(channel, buffer);
            AtomicFiles.writeFully(channel, ByteBuffer.wrap(header));
            for (Entry entry : ordered()) {
                writeTensor(entry, channel, buffer);
            }
        });
    }

    private List<Entry> ordered() {
        List<Entry> order = new ArrayList<>(entries.values()); // by name
        order.sort(Comparator.comparing((Entry e) -> StoredType.of(e.stored)).reversed()); // a stable sort
        return order;
    }

    private byte[] header() {
        StringBuilder json = new StringBuilder("{");
        if (!metadata.isEmpty()) {
            quote(SafetensorsHeader.METADATA, json);
            json.append(":{");
            metadata.forEach((key, value) -> {
                quote(key, json);
                json.append(':');
                quote(value, json);
                json.append(',');
            });
            json.setLength(json.length() - 1);
            json.append("},");
        }
        long offset = 0;
        for (Entry entry : ordered()) {
            quote(entry.name, json);
            json.append(":{\"dtype\":\"").append(StoredType.of(entry.stored)).append("\",\"shape\":[");
            for (int d = 0; d < entry.shape.rank(); d++) {
                json.append(d == 0 ? "" : ",").append(entry.shape.extent(d));
            }
            json.append("],\"data_offsets\":[").append(offset).append(',');
            offset += entry.bytes();
            json.append(offset).append("]},");
        }
        if (json.length() > 1) {
            json.setLength(json.length() - 1);
        }
        byte[] utf8 = json.append('}').toString().getBytes(StandardCharsets.UTF_8);
        byte[] padded = Arrays.copyOf(utf8, (utf8.length + 7) / 8 * 8);
        Arrays.fill(padded, utf8.length, padded.length, (byte) ' ');
        if (padded.length > SafetensorsHeader.MAX_HEADER_BYTES) {
            throw new IllegalArgumentException("the header would have " + padded.length + " bytes; the format allows "
                    + SafetensorsHeader.MAX_HEADER_BYTES + ": write fewer tensors to one file");
        }
        return padded;
    }

    private static void writeTensor(Entry entry, FileChannel channel, ByteBuffer buffer) throws IOException {
        Tensor tensor = entry.source.get().to(Device.CPU).contiguous();
        if (!tensor.shape().equals(entry.shape)) {
            throw new IllegalStateException("tensor '" + entry.name + "' was announced with shape " + entry.shape
                    + " and came with " + tensor.shape());
        }
        int perBuffer = BUFFER_BYTES / entry.stored.bytes();
        for (int done = 0; done < entry.shape.elements(); ) {
            int n = Math.min(perBuffer, entry.shape.elements() - done);
            buffer.clear();
            put(entry, tensor, tensor.offset() + done, n, buffer);
            AtomicFiles.writeFully(
                    channel, buffer.limit(n * entry.stored.bytes()).position(0));
            done += n;
        }
    }

    private static void put(Entry entry, Tensor tensor, int from, int n, ByteBuffer out) {
        if (entry.stored == tensor.dtype()) {
            switch (entry.stored) {
                case F32 -> out.asFloatBuffer().put(tensor.floats(), from, n);
                case BF16, F16 -> out.asShortBuffer().put(tensor.shorts(), from, n);
                case I8 -> out.put(tensor.bytes(), from, n);
                case I32 -> out.asIntBuffer().put(tensor.ints(), from, n);
                case I64 -> out.asLongBuffer().put(tensor.longs(), from, n);
            }
            return;
        }
        for (int i = 0; i < n; i++) {
            float value = switch (tensor.dtype()) {
                case F32 -> tensor.floats()[from + i];
                case BF16 -> HalfFloats.bfloat16ToFloat(tensor.shorts()[from + i]);
                case F16 -> Float.float16ToFloat(tensor.shorts()[from + i]);
                default -> throw new IllegalStateException(entry.name + " is " + tensor.dtype());
            };
            switch (entry.stored) {
                case F32 -> out.putFloat(value);
                case BF16 -> {
                    short bits = HalfFloats.floatToBfloat16(value);
                    checkFinite(entry, value, HalfFloats.bfloat16ToFloat(bits));
                    out.putShort(bits);
                }
                case F16 -> {
                    short bits = Float.floatToFloat16(value);
                    checkFinite(entry, value, Float.float16ToFloat(bits));
                    out.putShort(bits);
                }
                default -> throw new IllegalStateException(entry.name + " cannot be stored as " + entry.stored);
            }
        }
    }

    private static void checkFinite(Entry entry, float value, float narrowed) {
        if (Float.isInfinite(narrowed) && !Float.isInfinite(value)) {
            throw new IllegalArgumentException("tensor '" + entry.name + "' has the value " + value + ", which "
                    + entry.stored + " cannot hold; store it as F32");
        }
    }

    /** A JSON string as serde_json writes it: only what must be escaped is. */
    private static void quote(String text, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            Optional<String> escape = switch (c) {
                case '"' -> Optional.of("\\\"");
                case '\\' -> Optional.of("\\\\");
                case '\b' -> Optional.of("\\b");
                case '\f' -> Optional.of("\\f");
                case '\n' -> Optional.of("\\n");
                case '\r' -> Optional.of("\\r");
                case '\t' -> Optional.of("\\t");
                default -> c < ' ' ? Optional.of("\\u%04x".formatted((int) c)) : Optional.empty();
            };
            escape.ifPresentOrElse(out::append, () -> out.append(c));
        }
        out.append('"');
    }

    /** The order of the UTF-8 bytes, which differs from {@link String#compareTo} beyond the basic plane. */
    private static int compareUtf8(String a, String b) {
        return Arrays.compareUnsigned(a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8));
    }
}
