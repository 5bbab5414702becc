// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet;

import dev.jacobian.io.InputFiles;
import dev.jacobian.parquet.format.Corrupt;
import dev.jacobian.parquet.format.Footer;
import dev.jacobian.parquet.format.Footer.Chunk;
import dev.jacobian.parquet.format.Footer.RowGroup;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * An open file: its footer, checked against its size, and its bytes. It is read, not mapped: a mapped file that somebody cuts short
 * ends the process.
 */
final class ParquetFile implements AutoCloseable {
    private static final byte[] MAGIC = "PAR1".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] ENCRYPTED = "PARE".getBytes(StandardCharsets.US_ASCII);
    private static final int TAIL = 8;
    private static final int LARGEST_FOOTER = 64 << 20;

    /** Values that a byte may stand for, beyond a million: more is a file that was made to be endless. */
    private static final long VALUES_PER_BYTE = 1024;

    private static final long VALUES_ANYWAY = 1 << 20;

    private final FileChannel channel;
    private final long size;
    private final Footer footer;
    private final Schema.Tree schema;

    private ParquetFile(FileChannel channel, long size) throws IOException {
        this.channel = channel;
        this.size = size;
        this.footer = Footer.read(footer());
        this.schema = Schema.read(footer.schema());
        footer.groups().forEach(this::check);
        requireAllRows();
    }

    /** A footer that lost groups would leave rows out without a word. */
    private void requireAllRows() {
        long missing = footer.rows();
        for (RowGroup group : footer.groups()) {
            missing -= Math.min(group.rows(), missing + 1); // below 0 at most by one, whatever the groups claim
        }
        if (missing != 0) {
            throw new Corrupt("its footer says that there are " + footer.rows() + " rows, and its groups have "
                    + (missing > 0 ? (footer.rows() - missing) + " in all" : "more"));
        }
    }

    static ParquetFile open(Path path) throws IOException {
        long size = InputFiles.requireRegular(path);
        FileChannel channel = FileChannel.open(path);
        try {
            return new ParquetFile(channel, size);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private byte[] footer() throws IOException {
        if (size < MAGIC.length + TAIL) {
            throw new Corrupt(size == 0 ? "the file is empty" : "the file is too short to be Parquet");
        }
        ByteBuffer tail = ByteBuffer.wrap(read(size - TAIL, TAIL)).order(ByteOrder.LITTLE_ENDIAN);
        int length = tail.getInt();
        byte[] mark = new byte[MAGIC.length];
        tail.get(mark);
        if (Arrays.equals(mark, ENCRYPTED)) {
            throw new Corrupt("it is encrypted, which is not read");
        }
        if (!Arrays.equals(mark, MAGIC)) {
            throw new Corrupt(
                    Arrays.equals(read(0, MAGIC.length), MAGIC)
                            ? "it begins as Parquet and does not end so: it was cut short"
                            : "it is no Parquet file (it does not end in PAR1)");
        }
        if (length < 1 || length > LARGEST_FOOTER || length > size - TAIL - MAGIC.length) {
            throw new Corrupt("its footer has " + length + " bytes, and the file " + size);
        }
        return read(size - TAIL - length, length);
    }

    private void check(RowGroup group) {
        if (group.columns().size() != schema.leaves().size() || group.rows() < 0) {
            throw new Corrupt("a group of rows has " + group.columns().size() + " columns, and the schema "
                    + schema.leaves().size());
        }
        long bytes = group.columns().stream()
                .mapToLong(chunk -> Math.clamp(chunk.bytes(), 0, size))
                .sum();
        for (Node.Leaf leaf : schema.leaves()) {
            Chunk chunk = group.columns().get(leaf.index());
            String name = "'" + String.join(".", leaf.path()) + "'";
            if (chunk.type() != leaf.type() || !chunk.path().equals(leaf.path())) {
                throw new Corrupt("the column " + name + " is not where the schema has it");
            }
            if (chunk.start() < MAGIC.length || chunk.bytes() < 0 || chunk.start() > size - TAIL - chunk.bytes()) {
                throw new Corrupt("the column " + name
                        + " lies outside of the file, which was cut short or put together" + " wrongly");
            }
            boolean flat = leaf.repetition() == 0;
            if (chunk.values() < 0 || chunk.values() < group.rows() || flat && chunk.values() != group.rows()) {
                throw new Corrupt(
                        "the column " + name + " has " + chunk.values() + " values for " + group.rows() + " rows");
            }
            if (chunk.values() > VALUES_ANYWAY + VALUES_PER_BYTE * bytes) {
                throw new Corrupt("the column " + name + " claims " + chunk.values() + " values, and all columns have "
                        + bytes + " bytes");
            }
        }
    }

    Footer contents() {
        return footer;
    }

    Schema.Tree schema() {
        return schema;
    }

    /** Some bytes of the file. */
    byte[] read(long from, int count) throws IOException {
        if (from < 0 || count < 0 || from > size - count) {
            throw new Corrupt("it ends before " + count + " bytes at " + from);
        }
        ByteBuffer bytes = ByteBuffer.allocate(count);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, from + bytes.position()) < 0) {
                throw new Corrupt("it became shorter while it was read");
            }
        }
        return bytes.array();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
