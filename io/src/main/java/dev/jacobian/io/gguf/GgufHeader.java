// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.gguf;

import dev.jacobian.io.FormatException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All of a GGUF file (versions 2 and 3) but its numbers, checked: magic, version, counts; the keys; name, extents, type and
 * offset of every tensor, each of which lies in the file and on nothing else.
 */
record GgufHeader(GgufMetadata metadata, Map<String, GgufTensor> tensors) {
    private static final int MAGIC = 0x46554747; // "GGUF"
    private static final String ALIGNMENT = "general.alignment";
    private static final int USUAL_ALIGNMENT = 32;
    private static final int MAX_ALIGNMENT = 1 << 20;
    private static final int MAX_DIMENSIONS = 4;
    private static final int MAX_KEY = 65_535;

    // Value types.
    private static final int UINT8 = 0;
    private static final int INT8 = 1;
    private static final int UINT16 = 2;
    private static final int INT16 = 3;
    private static final int UINT32 = 4;
    private static final int INT32 = 5;
    private static final int FLOAT32 = 6;
    private static final int BOOL = 7;
    private static final int STRING = 8;
    private static final int ARRAY = 9;
    private static final int UINT64 = 10;
    private static final int INT64 = 11;
    private static final int FLOAT64 = 12;

    /**
     * Reads the header.
     *
     * @param file all bytes of the file
     * @param where its name, for messages
     * @throws FormatException if it is broken
     */
    static GgufHeader parse(MemorySegment file, String where) {
        Cursor in = new Cursor(file, where);
        if (file.byteSize() < Integer.BYTES || in.int32() != MAGIC) {
            throw new FormatException(
                    where, "it does not begin with the letters GGUF", "Check that this is a GGUF file; fetch it again");
        }
        int version = in.int32();
        if (version != 2 && version != 3) {
            throw new FormatException(
                    where,
                    version != 0 && (version & 0xFFFF) == 0
                            ? "the file is big-endian"
                            : "version " + Integer.toUnsignedString(version) + " of the format",
                    "Versions 2 and 3, little-endian, are read: convert the model again");
        }
        int tensors = in.count("tensors", 24);
        int keys = in.count("keys", 13);
        GgufMetadata metadata = new GgufMetadata(readKeys(in, keys), where);
        return new GgufHeader(metadata, readTensors(in, tensors, alignment(metadata), file.byteSize(), where));
    }

    private static Map<String, Object> readKeys(Cursor in, int count) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (int i = 0; i < count; i++) {
            in.reading("key " + i);
            String key = in.text();
            if (key.isEmpty() || key.length() > MAX_KEY) {
                throw new FormatException(in.where(), "a key of " + key.length() + " characters", "Fetch it again");
            }
            in.reading("key " + key);
            if (values.put(key, value(in)) != null) {
                throw new FormatException(in.where(), "the key is there twice", "Convert the model again");
            }
        }
        return Collections.unmodifiableMap(values);
    }

    private static Object value(Cursor in) {
        int type = in.int32();
        return switch (type) {
            case STRING -> in.text();
            case BOOL -> bool(in) != 0;
            case FLOAT32, FLOAT64 -> real(in, type);
            case ARRAY -> list(in);
            default -> integer(in, type);
        };
    }

    private static Object list(Cursor in) {
        int type = in.int32();
        if (type == ARRAY) {
            throw new FormatException(in.where(), "a list of lists", "No program writes that; fetch the file again");
        }
        int count = in.count("values", width(in, type));
        switch (type) {
            case STRING -> {
                List<String> texts = new ArrayList<>(); // grows with what is there
                for (int i = 0; i < count; i++) {
                    texts.add(in.text());
                }
                return texts.toArray(String[]::new);
            }
            case FLOAT32, FLOAT64 -> {
                double[] reals = new double[count];
                for (int i = 0; i < count; i++) {
                    reals[i] = real(in, type);
                }
                return reals;
            }
            default -> {
                long[] integers = new long[count];
                for (int i = 0; i < count; i++) {
                    integers[i] = type == BOOL ? bool(in) : integer(in, type);
                }
                return integers;
            }
        }
    }

    /** Bytes that a value takes at least. */
    private static int width(Cursor in, int type) {
        return switch (type) {
            case UINT8, INT8, BOOL -> 1;
            case UINT16, INT16 -> 2;
            case UINT32, INT32, FLOAT32 -> 4;
            case UINT64, INT64, FLOAT64, STRING -> 8;
            default -> throw unknown(in, type);
        };
    }

    private static int bool(Cursor in) {
        byte value = in.int8();
        if (value != 0 && value != 1) {
            throw new FormatException(in.where(), "the boolean " + value, "It must be 0 or 1; fetch the file again");
        }
        return value;
    }

    private static double real(Cursor in, int type) {
        return type == FLOAT64 ? in.float64() : Double.parseDouble(Float.toString(in.float32()));
    }

    private static long integer(Cursor in, int type) {
        return switch (type) {
            case UINT8 -> in.int8() & 0xFF;
            case INT8 -> in.int8();
            case UINT16 -> in.int16() & 0xFFFF;
            case INT16 -> in.int16();
            case UINT32 -> in.int32() & 0xFFFF_FFFFL;
            case INT32 -> in.int32();
            case UINT64 -> {
                long value = in.int64();
                if (value < 0) {
                    throw new FormatException(
                            in.where(), "the integer " + Long.toUnsignedString(value), "No key needs it; fetch again");
                }
                yield value;
            }
            case INT64 -> in.int64();
            default -> throw unknown(in, type);
        };
    }

    private static FormatException unknown(Cursor in, int type) {
        return new FormatException(
                in.where(),
                "a value of type " + Integer.toUnsignedString(type),
                "Types 0 to 12 are known; fetch the file again");
    }

    private static int alignment(GgufMetadata metadata) {
        int alignment = metadata.integer(ALIGNMENT).orElse(USUAL_ALIGNMENT);
        if (Integer.bitCount(alignment) != 1 || alignment > MAX_ALIGNMENT) {
            throw metadata.bad(ALIGNMENT, "the alignment " + alignment + " is no power of two up to " + MAX_ALIGNMENT);
        }
        return alignment;
    }

    private static Map<String, GgufTensor> readTensors(Cursor in, int count, int alignment, long size, String where) {
        List<GgufTensor> relative = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            in.reading("tensor " + i);
            relative.add(readTensor(in));
        }
        long data = aligned(in.position(), alignment);
        Map<String, GgufTensor> tensors = new LinkedHashMap<>();
        long expected = 0;
        for (GgufTensor tensor : relative) {
            String of = where + ", tensor '" + tensor.name() + "'";
            if (tensor.begin() != expected) {
                throw new FormatException(
                        of,
                        "it begins at offset " + Long.toUnsignedString(tensor.begin())
                                + ", the tensor before it makes it " + expected,
                        "Tensors follow each other, aligned to " + alignment + " bytes; convert the model again");
            }
            long bytes = tensor.bytes();
            if (bytes > size - data - expected) {
                throw new FormatException(
                        of,
                        "its " + bytes + " bytes end behind the file's " + size,
                        "The file was cut short; fetch it again");
            }
            if (tensors.put(
                            tensor.name(),
                            new GgufTensor(tensor.name(), tensor.type(), tensor.extents(), data + expected))
                    != null) {
                throw new FormatException(of, "it is there twice", "Convert the model again");
            }
            expected = aligned(expected + bytes, alignment);
        }
        return Collections.unmodifiableMap(tensors);
    }

    /** A tensor with the offset that is stored. */
    private static GgufTensor readTensor(Cursor in) {
        String name = in.text();
        in.reading("tensor '" + name + "'");
        int dimensions = in.int32();
        if (dimensions < 0 || dimensions > MAX_DIMENSIONS) {
            throw new FormatException(
                    in.where(),
                    Integer.toUnsignedString(dimensions) + " dimensions",
                    "Up to " + MAX_DIMENSIONS + " are possible; fetch the file again");
        }
        List<Long> extents = new ArrayList<>();
        long elements = 1;
        for (int i = 0; i < dimensions; i++) {
            long extent = in.int64();
            // No type has less than a quarter of a byte for a number, and what is longer than any file overflows soon.
            if (extent < 0 || extent > 0 && elements > (1L << 56) / extent) {
                throw new FormatException(
                        in.where(),
                        "the extent " + Long.toUnsignedString(extent),
                        "No tensor is as large; fetch the file again");
            }
            elements *= extent;
            extents.addFirst(extent);
        }
        int id = in.int32();
        GgufType type = GgufType.of(id)
                .orElseThrow(() -> new FormatException(
                        in.where(),
                        "elements of type " + GgufType.nameOfUnread(id) + " are not read",
                        "Use a file in Q8_0, Q6_K, Q5_K, Q4_K, Q4_0, F16 or BF16 of the same model"));
        if (!extents.isEmpty() && extents.getLast() % type.block() != 0 || extents.isEmpty() && type.isQuantized()) {
            throw new FormatException(
                    in.where(),
                    "rows of shape " + extents + " do not divide into blocks of " + type.block() + " (" + type + ")",
                    "Fetch the file again");
        }
        return new GgufTensor(name, type, extents, in.int64());
    }

    private static long aligned(long offset, int alignment) {
        return (offset + alignment - 1) / alignment * alignment;
    }
}
