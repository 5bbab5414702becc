// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.libraries;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The program headers of a 64-bit little-endian ELF file: what the dynamic linker maps, and what says whether it could.
 *
 * <p>Decisions: a library is looked at before it is loaded, because the dynamic linker answers a file of another machine
 * with a riddle and a truncated one with a SIGBUS that takes the JVM with it. Only the headers are read, at most {@value
 * #MAX_HEADERS} of them, and every offset is checked against the size of the file.
 *
 * @param segments the mapped parts of the file
 * @param dynamicOffset offset of the dynamic section in the file; -1 for none
 * @param dynamicSize its size in bytes
 */
record ElfHeader(List<Segment> segments, long dynamicOffset, long dynamicSize) {
    /** The machine that JCuda has natives for. */
    private static final int X86_64 = 62;

    private static final int HEADER_BYTES = 64;
    private static final int ENTRY_BYTES = 56;
    private static final int MAX_HEADERS = 256;

    private static final int SHARED_OBJECT = 3;
    private static final int LOAD = 1;
    private static final int DYNAMIC = 2;

    /** A part of the file and where it is mapped. */
    record Segment(long fileOffset, long address, long fileSize) {}

    /**
     * Reads the headers of a file.
     *
     * @throws IOException if the file cannot be read, or is no shared object of this kind of machine, or is cut off; the
     *     message names the file and the reason
     */
    static ElfHeader read(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            long size = channel.size();
            ByteBuffer head = ByteBuffer.allocate((int) Math.min(size, HEADER_BYTES + MAX_HEADERS * ENTRY_BYTES));
            while (head.hasRemaining() && channel.read(head, head.position()) > 0) {
                // until the buffer is full or the file ends
            }
            return parse(head.flip(), size, file.toString());
        }
    }

    /**
     * Parses the headers at the start of a file.
     *
     * @param head the file's first bytes, or all of it
     * @param size of the whole file
     * @param name of the file, for messages
     * @throws IOException as {@link #read}
     */
    static ElfHeader parse(ByteBuffer head, long size, String name) throws IOException {
        ByteBuffer in = head.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        if (in.limit() < HEADER_BYTES) {
            throw new IOException(name + " is no shared library: it has " + size + " bytes");
        }
        if (in.getInt(0) != 0x464c457f) { // \x7f E L F
            throw new IOException(name + " is no shared library: it does not begin as an ELF file");
        }
        if (in.get(4) != 2 || in.get(5) != 1 || in.getShort(18) != X86_64 || in.getShort(16) != SHARED_OBJECT) {
            throw new IOException(name + " is not a shared library for 64-bit x86");
        }
        long table = in.getLong(32);
        int entryBytes = Short.toUnsignedInt(in.getShort(54));
        int entries = Short.toUnsignedInt(in.getShort(56));
        if (entries > MAX_HEADERS || entryBytes != ENTRY_BYTES) {
            throw new IOException(name + " is damaged: " + entries + " program headers of " + entryBytes + " bytes");
        }
        if (!within(table, (long) entries * ENTRY_BYTES, in.limit())) {
            throw new IOException(name + " is damaged or cut off: its program headers lie outside the file");
        }
        List<Segment> segments = new ArrayList<>();
        long dynamicOffset = -1;
        long dynamicSize = 0;
        for (int i = 0; i < entries; i++) {
            int at = (int) table + i * ENTRY_BYTES;
            long offset = in.getLong(at + 8);
            long fileSize = in.getLong(at + 32);
            int type = in.getInt(at);
            if (type != LOAD && type != DYNAMIC) {
                continue;
            }
            if (!within(offset, fileSize, size)) {
                throw new IOException(name + " is cut off: it has " + size + " bytes and its headers speak of more");
            }
            if (type == LOAD) {
                segments.add(new Segment(offset, in.getLong(at + 16), fileSize));
            } else {
                dynamicOffset = offset;
                dynamicSize = fileSize;
            }
        }
        return new ElfHeader(List.copyOf(segments), dynamicOffset, dynamicSize);
    }

    /** The file offset of what is mapped at an address; -1 if no part of the file is. */
    long fileOffset(long address) {
        for (Segment segment : segments) {
            long distance = address - segment.address();
            if (distance >= 0 && distance < segment.fileSize()) {
                return segment.fileOffset() + distance;
            }
        }
        return -1;
    }

    private static boolean within(long offset, long length, long size) {
        return offset >= 0 && length >= 0 && offset <= size && length <= size - offset;
    }
}
