// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.safetensors;

import dev.jacobian.io.FilePieces;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.MappedFile;
import dev.jacobian.io.NonFinite;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.HalfFloats;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One safetensors file, open for reading.
 *
 * <p>The whole header is checked when the file is opened, so a tensor that can be named can be read. {@link #read} maps the
 * part of the file that it copies, converts it in all threads of the {@link dev.jacobian.tensor.ComputePool} and lets it go: memory is used for
 * the tensors that were read, not for the file. Tensors stay valid after {@link #close}. Safe for use by several threads.
 *
 * <p>While a file is open it must not be cut short by another program; {@link SafetensorsWriter} replaces files instead
 * of changing them, so it is safe to write over a file that is open here.
 */
public final class SafetensorsFile implements AutoCloseable {
    /** Numbers that a thread takes at a time. */
    private static final int PIECE = 1 << 16;

    private static final ValueLayout.OfLong LENGTH = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path path;
    private final MappedFile file;
    private final long start; // of what follows the header
    private final SafetensorsHeader header;

    private SafetensorsFile(MappedFile file, long start, SafetensorsHeader header) {
        this.path = file.path();
        this.file = file;
        this.start = start;
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
            return MappedFile.open(path, SafetensorsFile::parse);
        } catch (SafetensorsException e) {
            throw e;
        } catch (FormatException e) {
            throw new SafetensorsException(e.where(), e.what(), e.fix(), e);
        }
    }

    private static SafetensorsFile parse(MappedFile file, Arena arena) throws IOException {
        String path = file.path().toString();
        long size = file.size();
        if (size < Long.BYTES) {
            throw new SafetensorsException(
                    path,
                    "the file has " + size + " bytes; the length of the header alone takes 8",
                    "The file was cut short or is not safetensors; fetch it again");
        }
        MemorySegment first = file.map(0, Long.BYTES, arena);
        int length = SafetensorsHeader.checkLength(first.get(LENGTH, 0), size, path);
        long start = (long) Long.BYTES + length;
        MemorySegment json = file.map(Long.BYTES, length, arena);
        return new SafetensorsFile(file, start, SafetensorsHeader.parse(json.asByteBuffer(), size - start, path));
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
        DType wide = switch (info.type()) {
            case F32, BF16, F16, F64 -> DType.F32;
            case BOOL, U8, I8, I16, U16, I32 -> DType.I32;
            case U32, I64, U64 -> DType.I64;
            default -> throw unsupported(info);
        };
        Tensor out = Tensor.zeros(wide, shape(info));
        inPieces(info, (bytes, at, n) -> {
            switch (wide) {
                case F32 -> Elements.floats(info.type(), bytes, out.floats(), at, n);
                case I32 -> Elements.ints(info.type(), bytes, out.ints(), at, n);
                default -> {
                    int bad = Elements.longs(info.type(), bytes, out.longs(), at, n);
                    if (bad >= 0) {
                        throw new SafetensorsException(
                                path + ", tensor '" + name + "', element " + bad,
                                "the value " + Long.toUnsignedString(out.longs()[bad])
                                        + " does not fit in a signed long",
                                "Store it as I64");
                    }
                }
            }
        });
        return out;
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
        TensorInfo info = weight(name);
        Tensor out = Tensor.zeros(DType.F32, shape(info));
        AtomicInteger bad = new AtomicInteger(NonFinite.NONE); // the first of all pieces, whoever comes first
        inPieces(info, (bytes, at, n) -> {
            Elements.floats(info.type(), bytes, out.floats(), at, n);
            bad.accumulateAndGet(NonFinite.first(out.floats(), at, n), Math::min);
        });
        if (bad.get() < NonFinite.NONE) {
            throw notFinite(name, bad.get(), out.floats()[bad.get()]);
        }
        return out;
    }

    /**
     * A copy of a model's weight in the type in which it is stored, every element finite: half the memory of {@link
     * #readWeight} for BF16 and F16.
     *
     * @return BF16 or F16 where the file has that, F32 otherwise
     * @throws SafetensorsException as {@link #readWeight}
     */
    public Tensor readNarrowWeight(String name) {
        TensorInfo info = weight(name);
        if (info.type() != StoredType.BF16 && info.type() != StoredType.F16) {
            return readWeight(name);
        }
        Tensor out = Tensor.zeros(DType.valueOf(info.type().name()), shape(info));
        AtomicInteger bad = new AtomicInteger(NonFinite.NONE);
        inPieces(info, (bytes, at, n) -> {
            Elements.shorts(bytes, out.shorts(), at, n);
            bad.accumulateAndGet(NonFinite.first(out.dtype(), out.shorts(), at, n), Math::min);
        });
        if (bad.get() < NonFinite.NONE) {
            float[] value = new float[1];
            HalfFloats.widen(out.dtype(), out.shorts(), bad.get(), value, 0, 1);
            throw notFinite(name, bad.get(), value[0]);
        }
        return out;
    }

    private TensorInfo weight(String name) {
        TensorInfo info = info(name);
        return switch (info.type()) {
            case F32, F16, BF16, F64 -> info;
            default -> throw unsupported(info);
        };
    }

    private SafetensorsException notFinite(String name, int element, float value) {
        return new SafetensorsException(
                path + ", tensor '" + name + "', element " + element,
                "the weight is " + value,
                "The checkpoint is broken: fetch it again, or use one from before the training that produced it"
                        + " diverged");
    }

    /**
     * A copy of one tensor as it is stored: BF16 and F16 keep their 16 bits. For F32, BF16, F16, I8, I32 and I64.
     *
     * @throws SafetensorsException if there is no such tensor or its type is another
     */
    public Tensor readStored(String name) {
        TensorInfo info = info(name);
        DType dtype = switch (info.type()) {
            case F32, BF16, F16, I8, I32, I64 -> DType.valueOf(info.type().name());
            default -> throw unsupported(info);
        };
        Tensor out = Tensor.zeros(dtype, shape(info));
        inPieces(info, (bytes, at, n) -> {
            switch (dtype) {
                case F32 -> Elements.floats(StoredType.F32, bytes, out.floats(), at, n);
                case BF16, F16 -> Elements.shorts(bytes, out.shorts(), at, n);
                case I8 -> Elements.bytes(bytes, out.bytes(), at, n);
                case I32 -> Elements.ints(StoredType.I32, bytes, out.ints(), at, n);
                case I64 -> Elements.longs(StoredType.I64, bytes, out.longs(), at, n);
            }
        });
        return out;
    }

    /**
     * The elements of a tensor of one byte each, as they are.
     *
     * @throws SafetensorsException if there is no such tensor or its elements are larger or smaller
     */
    public byte[] readBytes(String name) {
        TensorInfo info = info(name);
        if (info.type().bits() != Byte.SIZE) {
            throw unsupported(info);
        }
        byte[] out = new byte[shape(info).elements()];
        inPieces(info, (bytes, at, n) -> Elements.bytes(bytes, out, at, n));
        return out;
    }

    /** Hands the elements of a tensor, of whole bytes each, out in pieces to all threads. */
    private void inPieces(TensorInfo info, FilePieces.Reader reader) {
        int elements = shape(info).elements();
        file.read(start + info.begin(), info.type().bits() / Byte.SIZE, elements, PIECE, reader);
    }

    /** Closes the file. Tensors that were read stay valid. Closing twice does nothing. */
    @Override
    public void close() {
        file.close();
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
