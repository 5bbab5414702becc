// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.safetensors;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.InputFiles;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.Map;
import java.util.Set;

/**
 * One safetensors file, open for reading.
 *
 * <p>The whole header is checked when the file is opened, so a tensor that can be named can be read. The file is mapped
 * into memory and {@link #read} copies one tensor out of it in bulk: memory is used for the tensors that were read, not
 * for the file. Tensors stay valid after {@link #close}. Safe for use by several threads.
 *
 * <p>While a file is open it must not be cut short by another program; {@link SafetensorsWriter} replaces files instead
 * of changing them, so it is safe to write over a file that is open here.
 */
public final class SafetensorsFile implements AutoCloseable {
    // Tensors begin at any byte offset, so accesses may be unaligned.
    private static final ValueLayout.OfShort SHORTS =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INTS = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONGS = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOATS =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble DOUBLES =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path path;
    private final Arena arena;
    private final MemorySegment data; // what follows the header
    private final SafetensorsHeader header;

    private SafetensorsFile(Path path, Arena arena, MemorySegment data, SafetensorsHeader header) {
        this.path = path;
        this.arena = arena;
        this.data = data;
        this.header = header;
    }

    /**
     * Opens a file and checks its header.
     *
     * @throws SafetensorsException if the file is not well-formed
     * @throws UncheckedIOException if it cannot be read
     */
    public static SafetensorsFile open(Path path) {
        try {
            InputFiles.requireRegular(path);
        } catch (FormatException e) {
            throw new SafetensorsException(e.where(), e.what(), e.fix(), e);
        }
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long size = channel.size();
            if (size < Long.BYTES) {
                throw new SafetensorsException(
                        path.toString(),
                        "the file has " + size + " bytes; the length of the header alone takes 8",
                        "The file was cut short or is not safetensors; fetch it again");
            }
            MemorySegment file = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
            int length = SafetensorsHeader.checkLength(file.get(LONGS, 0), size, path.toString());
            MemorySegment data = file.asSlice(Long.BYTES + length);
            SafetensorsHeader header = SafetensorsHeader.parse(
                    file.asSlice(Long.BYTES, length).asByteBuffer(), data.byteSize(), path.toString());
            return new SafetensorsFile(path, arena, data, header);
        } catch (NoSuchFileException e) {
            arena.close();
            throw new UncheckedIOException("No such file: " + path, e);
        } catch (IOException e) {
            arena.close();
            throw new UncheckedIOException("Cannot read " + path + ": " + e.getMessage(), e);
        } catch (RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    /** The file. */
    public Path path() {
        return path;
    }

    /** The names of the tensors, in the order of their bytes. */
    public Set<String> names() {
        return header.tensors().keySet();
    }

    /** What the header says of all tensors, in the order of their bytes. */
    public Collection<TensorInfo> infos() {
        return header.tensors().values();
    }

    /** Whether there is a tensor of that name. */
    public boolean contains(String name) {
        return header.tensors().containsKey(name);
    }

    /** The strings of {@code __metadata__}. */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /**
     * What the header says of one tensor.
     *
     * @throws SafetensorsException if there is none of that name
     */
    public TensorInfo info(String name) {
        TensorInfo info = header.tensors().get(name);
        if (info == null) {
            throw new SafetensorsException(
                    path.toString(),
                    "there is no tensor '" + name + "'" + Names.similar(name, names()),
                    "Check the name, or that this is the checkpoint you mean");
        }
        return info;
    }

    /**
     * A copy of one tensor in a type that kernels work on: F32 for all floating types, I32 for integers of up to 32
     * bits and booleans, I64 for the longer ones.
     *
     * <p>F16 and BF16 widen exactly; F64 is rounded to nearest. Types of 8 bits and less, which mean nothing without
     * scales stored elsewhere, and complex numbers are refused.
     *
     * @throws SafetensorsException if there is no such tensor or its type is refused
     */
    public Tensor read(String name) {
        TensorInfo info = info(name);
        Shape shape = shape(info);
        MemorySegment bytes = data.asSlice(info.begin(), info.bytes());
        int n = shape.elements();
        return switch (info.type()) {
            case F32, BF16, F16, I32, I64 -> {
                Tensor stored = readStored(info, shape, bytes);
                yield stored.dtype().isFloatingPoint() ? stored.to(DType.F32) : stored;
            }
            case F64 -> {
                Tensor out = Tensor.zeros(DType.F32, shape);
                for (int i = 0; i < n; i++) {
                    out.floats()[i] = (float) bytes.getAtIndex(DOUBLES, i);
                }
                yield out;
            }
            case BOOL, U8, I8, I16, U16 -> {
                Tensor out = Tensor.zeros(DType.I32, shape);
                for (int i = 0; i < n; i++) {
                    out.ints()[i] = switch (info.type()) {
                        case I8 -> bytes.get(ValueLayout.JAVA_BYTE, i);
                        case I16 -> bytes.getAtIndex(SHORTS, i);
                        case U16 -> bytes.getAtIndex(SHORTS, i) & 0xFFFF;
                        default -> bytes.get(ValueLayout.JAVA_BYTE, i) & 0xFF;
                    };
                }
                yield out;
            }
            case U32, U64 -> {
                Tensor out = Tensor.zeros(DType.I64, shape);
                for (int i = 0; i < n; i++) {
                    boolean wide = info.type() == StoredType.U64;
                    long value = wide ? bytes.getAtIndex(LONGS, i) : bytes.getAtIndex(INTS, i) & 0xFFFFFFFFL;
                    if (value < 0) {
                        throw new SafetensorsException(
                                path + ", tensor '" + name + "', element " + i,
                                "the value " + Long.toUnsignedString(value) + " does not fit in a signed long",
                                "Store it as I64");
                    }
                    out.longs()[i] = value;
                }
                yield out;
            }
            default -> throw unsupported(info);
        };
    }

    /**
     * A copy of a model's weight: {@link #read} of a floating type, every element finite.
     *
     * <p>The look at every element costs a small part of copying it. One that is NaN or infinite would make every logit NaN,
     * and a broken checkpoint would then look like a bad model.
     *
     * @return F32
     * @throws SafetensorsException if there is no such tensor, its type is another, or an element is NaN or infinite
     */
    public Tensor readWeight(String name) {
        StoredType type = info(name).type();
        if (type != StoredType.F32 && type != StoredType.F16 && type != StoredType.BF16 && type != StoredType.F64) {
            throw unsupported(info(name));
        }
        Tensor weight = read(name);
        int bad = firstNonFinite(weight.floats());
        if (bad >= 0) {
            throw new SafetensorsException(
                    path + ", tensor '" + name + "', element " + bad,
                    "the weight is " + weight.floats()[bad],
                    "The checkpoint is broken: fetch it again, or use one from before the training that produced it"
                            + " diverged");
        }
        return weight;
    }

    /** The index of the first element that is NaN or infinite, or -1. */
    private static int firstNonFinite(float[] values) {
        // 0 times a finite number is 0, times any other it is NaN, which stays in a sum. Four sums, so that the
        // additions
        // of one need not wait for each other.
        float a = 0;
        float b = 0;
        float c = 0;
        float d = 0;
        int i = 0;
        for (; i < values.length - 3; i += 4) {
            a += values[i] * 0f;
            b += values[i + 1] * 0f;
            c += values[i + 2] * 0f;
            d += values[i + 3] * 0f;
        }
        for (; i < values.length; i++) {
            a += values[i] * 0f;
        }
        if (a + b + c + d == 0) {
            return -1;
        }
        for (i = 0; Float.isFinite(values[i]); ) {
            i++;
        }
        return i;
    }

    /**
     * A copy of one tensor as it is stored: BF16 and F16 keep their 16 bits. For F32, BF16, F16, I8, I32 and I64.
     *
     * @throws SafetensorsException if there is no such tensor or its type is another
     */
    public Tensor readStored(String name) {
        TensorInfo info = info(name);
        return readStored(info, shape(info), data.asSlice(info.begin(), info.bytes()));
    }

    private Tensor readStored(TensorInfo info, Shape shape, MemorySegment bytes) {
        int n = shape.elements();
        DType dtype = switch (info.type()) {
            case F32, BF16, F16, I8, I32, I64 -> DType.valueOf(info.type().name());
            default -> throw unsupported(info);
        };
        Tensor out = Tensor.zeros(dtype, shape);
        switch (dtype) {
            case F32 -> MemorySegment.copy(bytes, FLOATS, 0, out.floats(), 0, n);
            case BF16, F16 -> MemorySegment.copy(bytes, SHORTS, 0, out.shorts(), 0, n);
            case I8 -> MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, 0, out.bytes(), 0, n);
            case I32 -> MemorySegment.copy(bytes, INTS, 0, out.ints(), 0, n);
            case I64 -> MemorySegment.copy(bytes, LONGS, 0, out.longs(), 0, n);
        }
        return out;
    }

    /** Unmaps the file. Tensors that were read stay valid. Closing twice does nothing. */
    @Override
    public void close() {
        synchronized (arena) {
            if (arena.scope().isAlive()) {
                arena.close();
            }
        }
    }

    private Shape shape(TensorInfo info) {
        try {
            return info.shape();
        } catch (IllegalArgumentException e) {
            throw new SafetensorsException(
                    path + ", tensor '" + info.name() + "'",
                    "shape " + info.extents() + " has more elements than a Java array can hold",
                    "Split the tensor",
                    e);
        }
    }

    private SafetensorsException unsupported(TensorInfo info) {
        return new SafetensorsException(
                path + ", tensor '" + info.name() + "'",
                "elements of type " + info.type() + " cannot be read here",
                "Convert the checkpoint to BF16, F16 or F32");
    }
}
