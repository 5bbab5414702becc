// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.gguf;

import dev.jacobian.io.FilePieces;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.MappedFile;
import dev.jacobian.io.NonFinite;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.HalfFloats;
import dev.jacobian.tensor.Tensor;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One GGUF file, open for reading.
 *
 * <p>The header is checked when the file is opened, so a tensor that can be named can be read. Tensors stay valid after {@link
 * #close}. Safe for use by several threads. While a file is open it must not be cut short by another program.
 */
public final class GgufFile implements AutoCloseable {
    /** What names of such files end in. */
    public static final String SUFFIX = ".gguf";

    /** Numbers that a thread takes at a time; a multiple of every block. */
    private static final int PIECE = 1 << 16;

    private static final ValueLayout.OfShort SHORTS =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOATS =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path path;
    private final MappedFile file;
    private final GgufHeader header;

    private GgufFile(MappedFile file, GgufHeader header) {
        this.path = file.path();
        this.file = file;
        this.header = header;
    }

    /** Whether a path names a GGUF file rather than a folder: by its ending, since what it holds is checked where it is opened. */
    public static boolean isNamed(Path path) {
        return !Files.isDirectory(path)
                && path.toString().toLowerCase(Locale.ROOT).endsWith(SUFFIX);
    }

    /**
     * Opens a file and checks its header.
     *
     * @throws FormatException if the file is not well-formed
     * @throws UncheckedIOException if it cannot be read
     */
    public static GgufFile open(Path path) {
        return MappedFile.open(
                path,
                (file, arena) ->
                        new GgufFile(file, GgufHeader.parse(file.map(0, file.size(), arena), path.toString())));
    }

    /** The file. */
    public Path path() {
        return path;
    }

    /** Its keys. */
    public GgufMetadata metadata() {
        return header.metadata();
    }

    /** What it says of all tensors, in the order of their bytes. */
    public Collection<GgufTensor> tensors() {
        return header.tensors().values();
    }

    /** Whether there is a tensor of that name. */
    public boolean contains(String name) {
        return header.tensors().containsKey(name);
    }

    /**
     * What it says of one tensor.
     *
     * @throws FormatException if there is none of that name
     */
    public GgufTensor tensor(String name) {
        GgufTensor tensor = header.tensors().get(name);
        if (tensor == null) {
            throw new FormatException(
                    path.toString(),
                    "there is no tensor '" + name + "' among its " + tensors().size(),
                    "Check the name, or that this is the file you mean");
        }
        return tensor;
    }

    /**
     * The numbers of a tensor in F32, all finite: widened exactly, or what blocks stand for in F32 arithmetic.
     *
     * @throws FormatException if there is no such tensor or a number is NaN or infinite
     */
    public Tensor read(String name) {
        GgufTensor tensor = tensor(name);
        Tensor out = Tensor.zeros(DType.F32, tensor.shape());
        GgufType type = tensor.type();
        AtomicInteger bad = new AtomicInteger(NonFinite.NONE); // the first of all pieces, whoever comes first
        inPieces(tensor, (bytes, at, n) -> {
            int first = at * type.block();
            decode(type, bytes, out.floats(), first, n);
            bad.accumulateAndGet(NonFinite.first(out.floats(), first, n * type.block()), Math::min);
        });
        requireFinite(tensor, bad.get(), bad.get() < NonFinite.NONE ? out.floats()[bad.get()] : 0);
        return out;
    }

    /**
     * The same in 16 bits where the file has BF16 or F16: half the memory.
     *
     * @throws FormatException as {@link #read}
     */
    public Tensor readNarrow(String name) {
        GgufTensor tensor = tensor(name);
        if (tensor.type() != GgufType.BF16 && tensor.type() != GgufType.F16) {
            return read(name);
        }
        DType type = tensor.type() == GgufType.BF16 ? DType.BF16 : DType.F16;
        Tensor out = Tensor.zeros(type, tensor.shape());
        AtomicInteger bad = new AtomicInteger(NonFinite.NONE);
        inPieces(tensor, (bytes, at, n) -> {
            MemorySegment.copy(bytes, SHORTS, 0, out.shorts(), at, n);
            bad.accumulateAndGet(NonFinite.first(type, out.shorts(), at, n), Math::min);
        });
        if (bad.get() < NonFinite.NONE) {
            float[] value = new float[1];
            HalfFloats.widen(type, out.shorts(), bad.get(), value, 0, 1);
            requireFinite(tensor, bad.get(), value[0]);
        }
        return out;
    }

    /** The bytes of a tensor as they are stored, up to what a Java array can hold. */
    public byte[] readBytes(String name) {
        GgufTensor tensor = tensor(name);
        byte[] out = new byte[Math.toIntExact(tensor.bytes())];
        int unit = tensor.type().blockBytes();
        inPieces(
                tensor,
                (bytes, at, n) -> MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, 0, out, at * unit, n * unit));
        return out;
    }

    /** Hands the blocks of a tensor out to all threads. */
    private void inPieces(GgufTensor tensor, FilePieces.Reader reader) {
        GgufType type = tensor.type();
        int blocks;
        try {
            blocks = tensor.shape().elements() / type.block();
        } catch (IllegalArgumentException e) {
            throw new FormatException(
                    path + ", tensor '" + tensor.name() + "'", String.valueOf(e.getMessage()), "Split the tensor", e);
        }
        file.read(tensor.begin(), type.blockBytes(), blocks, PIECE / type.block(), reader);
    }

    private void requireFinite(GgufTensor tensor, int element, float value) {
        if (element < NonFinite.NONE) {
            throw new FormatException(
                    path + ", tensor '" + tensor.name() + "', element " + element,
                    "the weight is " + value,
                    "The file is broken: fetch it again, or convert the model again");
        }
    }

    private static void decode(GgufType type, MemorySegment bytes, float[] out, int at, int blocks) {
        switch (type) {
            case F32 -> MemorySegment.copy(bytes, FLOATS, 0, out, at, blocks);
            case F16, BF16 -> {
                short[] halves = new short[blocks];
                MemorySegment.copy(bytes, SHORTS, 0, halves, 0, blocks);
                HalfFloats.widen(type == GgufType.BF16 ? DType.BF16 : DType.F16, halves, 0, out, at, blocks);
            }
            default ->
                decode(
                        type,
                        bytes.asSlice(0, type.bytes((long) blocks * type.block()))
                                .toArray(ValueLayout.JAVA_BYTE),
                        out,
                        at,
                        blocks);
        }
    }

    /**
     * Decodes blocks.
     *
     * @param in begins with the first of them
     * @param at where their numbers go
     */
    static void decode(GgufType type, byte[] in, float[] out, int at, int blocks) {
        for (int i = 0; i < blocks; i++) {
            int from = i * type.blockBytes();
            int to = at + i * type.block();
            switch (type) {
                case Q4_0 -> PlainBlocks.q4(in, from, out, to);
                case Q4_1 -> PlainBlocks.q4WithMinimum(in, from, out, to);
                case Q5_0 -> PlainBlocks.q5(in, from, out, to);
                case Q5_1 -> PlainBlocks.q5WithMinimum(in, from, out, to);
                case Q8_0 -> PlainBlocks.q8(in, from, out, to);
                case MXFP4 -> PlainBlocks.mxfp4(in, from, out, to);
                case Q2_K -> SuperBlocks.q2(in, from, out, to);
                case Q3_K -> SuperBlocks.q3(in, from, out, to);
                case Q4_K -> SuperBlocks.q4(in, from, out, to);
                case Q5_K -> SuperBlocks.q5(in, from, out, to);
                case Q6_K -> SuperBlocks.q6(in, from, out, to);
                case F32, F16, BF16 -> throw new IllegalArgumentException(type + " has no blocks");
            }
        }
    }

    /** Closes the file. Tensors that were read stay valid. Closing twice does nothing. */
    @Override
    public void close() {
        file.close();
    }
}
