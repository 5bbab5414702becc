// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout.store;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.InputFiles;
import dev.jacobian.tensor.Nullable;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * The bytes of a store as they are read: after the checksum was found right, and never more of them than there are. What
 * {@link StoreOutput} writes, value for value.
 */
final class StoreInput implements AutoCloseable {
    private static final int HEADER = StoreOutput.MAGIC.length + 3 * Integer.BYTES;
    private static final int BUFFER = 1 << 16;

    private final Path file;
    private final DataInputStream in;
    private final int count;
    private long left;
    private int group;

    private StoreInput(Path file, DataInputStream in, long size, int kind) throws IOException {
        this.file = file;
        this.in = in;
        this.left = size - StoreOutput.MAGIC.length - Integer.BYTES;
        in.skipNBytes(StoreOutput.MAGIC.length);
        int format = int32();
        if (format != GroupStore.FORMAT) {
            throw new FormatException(
                    file.toString(), "groups of format " + format, "Resume with the version that wrote the file");
        }
        int found = int32();
        if (found != kind) {
            throw broken("the file holds " + (found == GroupStore.SCORED ? "scored groups" : "groups of kind " + found)
                    + ", expected " + (kind == GroupStore.SCORED ? "scored groups" : "groups without rewards"));
        }
        this.count = count(1);
    }

    /**
     * Opens a file whose checksum is right.
     *
     * @throws FormatException if it is no such file, damaged, or of another kind
     */
    static StoreInput open(Path file, int kind) {
        long size = InputFiles.requireRegular(file);
        try {
            requireWhole(file, size);
            DataInputStream in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file), BUFFER));
            try {
                return new StoreInput(file, in, size, kind);
            } catch (RuntimeException | IOException | Error e) {
                in.close();
                throw e;
            }
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private static void requireWhole(Path file, long size) throws IOException {
        try (InputStream all = Files.newInputStream(file)) {
            byte[] begin = all.readNBytes(StoreOutput.MAGIC.length);
            if (!Arrays.equals(begin, StoreOutput.MAGIC)) {
                throw broken(file, 0, "the file does not begin as one of stored groups does", null);
            }
            if (size < HEADER + Integer.BYTES) {
                throw broken(file, 0, "the file ends after " + size + " bytes", null);
            }
            CRC32C checksum = new CRC32C();
            checksum.update(begin);
            byte[] buffer = new byte[BUFFER];
            for (long rest = size - begin.length - Integer.BYTES; rest > 0; ) {
                int read = all.read(buffer, 0, (int) Math.min(rest, buffer.length));
                if (read < 0) {
                    throw new EOFException("it became shorter while it was read");
                }
                checksum.update(buffer, 0, read);
                rest -= read;
            }
            if (new DataInputStream(all).readInt() != (int) checksum.getValue()) {
                throw broken(file, 0, "the checksum is not that of the content", null);
            }
        }
    }

    /** Whether another group begins here; the end of the last one is the end of the file. */
    boolean hasNext() {
        if (group < count) {
            group++;
            return true;
        }
        group = 0;
        if (left > 0) {
            throw broken(left + " bytes follow the last group");
        }
        return false;
    }

    boolean truth() {
        take(1);
        try {
            int value = in.readUnsignedByte();
            if (value > 1) {
                throw broken("a truth value is " + value);
            }
            return value == 1;
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    int int32() {
        take(Integer.BYTES);
        try {
            return in.readInt();
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    long int64() {
        take(Long.BYTES);
        try {
            return in.readLong();
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    double float64() {
        return Double.longBitsToDouble(int64());
    }

    /**
     * How many of something follow.
     *
     * @param bytesEach that each of them takes at least
     */
    int count(long bytesEach) {
        int value = int32();
        if (value < 0 || value * bytesEach > left) {
            throw broken("it speaks of " + value + " items where " + left + " bytes are left");
        }
        return value;
    }

    String text() {
        boolean narrow = truth();
        int length = count(narrow ? 1 : Character.BYTES);
        take((long) length * (narrow ? 1 : Character.BYTES));
        char[] text = new char[length];
        try {
            for (int i = 0; i < length; i++) {
                text[i] = narrow ? (char) in.readUnsignedByte() : in.readChar();
            }
        } catch (IOException e) {
            throw unreadable(file, e);
        }
        return new String(text);
    }

    int[] ints(int length) {
        require((long) length * Integer.BYTES);
        int[] values = new int[length];
        for (int i = 0; i < length; i++) {
            values[i] = int32();
        }
        return values;
    }

    float[] floats(int length) {
        require((long) length * Float.BYTES);
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = Float.intBitsToFloat(int32());
        }
        return values;
    }

    double[] doubles(int length) {
        require((long) length * Double.BYTES);
        double[] values = new double[length];
        for (int i = 0; i < length; i++) {
            values[i] = float64();
        }
        return values;
    }

    boolean[] truths(int length) {
        require(length);
        boolean[] values = new boolean[length];
        for (int i = 0; i < length; i++) {
            values[i] = truth();
        }
        return values;
    }

    /** One of the constants of an enumeration. */
    <E extends Enum<E>> E constant(Class<E> type) {
        String name = text();
        for (E constant : type.getEnumConstants()) {
            if (constant.name().equals(name)) {
                return constant;
            }
        }
        throw broken("there is no " + type.getSimpleName() + " '" + name + "'");
    }

    private void take(long bytes) {
        require(bytes);
        left -= bytes;
    }

    private void require(long bytes) {
        if (bytes > left) {
            throw broken("it ends within a value");
        }
    }

    /** Names the file and the group that is being read. */
    String where() {
        return where(file, group);
    }

    private static String where(Path file, int group) {
        return group == 0 ? file.toString() : file + ", group " + group;
    }

    FormatException broken(String what) {
        return broken(file, group, what, null);
    }

    FormatException broken(String what, RuntimeException cause) {
        return broken(file, group, what, cause);
    }

    private static FormatException broken(Path file, int group, String what, @Nullable RuntimeException cause) {
        return new FormatException(
                where(file, group),
                what,
                "The file is damaged; remove the checkpoint's folder to resume from an earlier one, if there is one",
                cause);
    }

    private static UncheckedIOException unreadable(Path file, IOException e) {
        return new UncheckedIOException("Cannot read " + file + ": " + e.getMessage(), e);
    }

    @Override
    public void close() {
        try {
            in.close();
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }
}
