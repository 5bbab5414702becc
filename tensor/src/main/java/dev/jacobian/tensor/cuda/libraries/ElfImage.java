// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.libraries;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A shared library in memory, whose needed libraries can be renamed.
 *
 * <p>Why: JCuda's natives are linked against {@code libcublas.so.12}, and a machine with CUDA 13 has {@code
 * libcublas.so.13}, whose functions that JCuda calls have the same signatures. Renaming what the natives ask for needs
 * neither a compiler nor a binary in this repository.
 *
 * <p>A library's name stands in three roles: as a needed library, as the file of a version need, and as the name of a
 * version (cuBLAS versions its symbols by its own file name), which is also hashed. All three are reached through the
 * dynamic section, as the dynamic linker reaches them; section headers may be stripped. The new name must be as long as the
 * old one, so nothing moves.
 *
 * <p>The bytes may come from anywhere: every offset is checked, every walk is bounded, and damage is an {@link IOException}.
 */
public final class ElfImage {
    private static final int NEEDED = 1;
    private static final int STRING_TABLE = 5;
    private static final int STRING_TABLE_SIZE = 10;
    private static final int VERSION_NEEDS = 0x6ffffffe;
    private static final int VERSION_NEED_COUNT = 0x6fffffff;

    /** More than any library has; bounds the walk through damaged ones. */
    private static final int MAX_RECORDS = 4096;

    private final String name;
    private final byte[] bytes;
    private final ByteBuffer data;
    private final int strings;
    private final int stringsSize;
    private final List<Integer> needed = new ArrayList<>(); // offsets into the string table
    private final int versionNeeds;
    private final int versionNeedCount;

    /**
     * @param bytes the library; not copied
     * @param name of the library, for messages
     * @throws IOException if this is no shared library or a damaged one
     */
    public ElfImage(byte[] bytes, String name) throws IOException {
        this.name = name;
        this.bytes = bytes;
        this.data = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        ElfHeader header = ElfHeader.parse(data, bytes.length, name);
        if (header.dynamicOffset() < 0) {
            throw damaged("it has no dynamic section");
        }
        long stringsAddress = -1;
        long size = 0;
        long versionAddress = -1;
        long versionCount = 0;
        for (long at = header.dynamicOffset(); at + 16 <= header.dynamicOffset() + header.dynamicSize(); at += 16) {
            long tag = data.getLong((int) at);
            long value = data.getLong((int) at + 8);
            if (tag == 0) {
                break;
            } else if (tag == NEEDED && needed.size() < MAX_RECORDS) {
                needed.add((int) Math.max(-1, Math.min(value, Integer.MAX_VALUE)));
            } else if (tag == STRING_TABLE) {
                stringsAddress = value;
            } else if (tag == STRING_TABLE_SIZE) {
                size = value;
            } else if (tag == VERSION_NEEDS) {
                versionAddress = value;
            } else if (tag == VERSION_NEED_COUNT) {
                versionCount = value;
            }
        }
        long start = header.fileOffset(stringsAddress);
        if (start < 0 || size < 0 || size > bytes.length - start) {
            throw damaged("its string table lies outside the file");
        }
        strings = (int) start;
        stringsSize = (int) size;
        versionNeedCount = (int) Math.max(0, Math.min(versionCount, MAX_RECORDS));
        long needs = versionNeedCount == 0 ? 0 : header.fileOffset(versionAddress);
        if (needs < 0) {
            throw damaged("its version needs lie outside the file");
        }
        versionNeeds = (int) needs;
    }

    /** Names of the libraries that the dynamic linker will ask for. */
    List<String> needed() throws IOException {
        List<String> names = new ArrayList<>();
        for (int offset : needed) {
            names.add(string(offset));
        }
        return names;
    }

    /** All names in the dynamic string table: of libraries, of versions, of functions wanted and offered. */
    public List<String> strings() {
        String table = new String(bytes, strings, stringsSize, StandardCharsets.ISO_8859_1);
        return List.of(table.split("\0"));
    }

    /** The library as it stands, renamings included. */
    byte[] bytes() {
        return bytes;
    }

    /**
     * Makes the library ask for another one.
     *
     * @param from name of a library that it needs
     * @param to new name, as long as the old one
     * @throws IllegalArgumentException if the lengths differ
     * @throws IOException if the library does not need {@code from}, or is damaged
     */
    void rename(String from, String to) throws IOException {
        if (from.length() != to.length()) {
            throw new IllegalArgumentException("cannot rename " + from + " to " + to + ": the lengths differ");
        }
        List<Integer> places = new ArrayList<>();
        for (int offset : needed) {
            if (string(offset).equals(from)) {
                places.add(offset);
            }
        }
        if (places.isEmpty()) {
            throw new IOException(name + " does not need " + from + ", but " + needed());
        }
        renameVersions(from, to, places);
        for (int offset : places) {
            byte[] text = to.getBytes(StandardCharsets.US_ASCII);
            System.arraycopy(text, 0, bytes, strings + offset, text.length);
        }
    }

    /** Collects the further places of {@code from}, and rehashes versions of that name. */
    private void renameVersions(String from, String to, List<Integer> places) throws IOException {
        long need = versionNeeds;
        for (int i = 0; i < versionNeedCount; i++) {
            checkRecord(need);
            int file = data.getInt((int) need + 4);
            if (string(file).equals(from)) {
                places.add(file);
            }
            int versions = Short.toUnsignedInt(data.getShort((int) need + 2));
            long version = need + Integer.toUnsignedLong(data.getInt((int) need + 8));
            for (int j = 0; j < Math.min(versions, MAX_RECORDS); j++) {
                checkRecord(version);
                int label = data.getInt((int) version + 8);
                if (string(label).equals(from)) {
                    places.add(label);
                    data.putInt((int) version, hash(to));
                }
                version += Integer.toUnsignedLong(data.getInt((int) version + 12));
            }
            need += Integer.toUnsignedLong(data.getInt((int) need + 12));
        }
    }

    private void checkRecord(long offset) throws IOException {
        if (offset < 0 || offset > bytes.length - 16L) {
            throw damaged("a version need lies outside the file");
        }
    }

    private String string(int offset) throws IOException {
        if (offset < 0 || offset >= stringsSize) {
            throw damaged("a name lies outside the string table");
        }
        int end = strings + offset;
        while (end < strings + stringsSize && bytes[end] != 0) {
            end++;
        }
        if (end == strings + stringsSize) {
            throw damaged("a name does not end within the string table");
        }
        return new String(bytes, strings + offset, end - strings - offset, StandardCharsets.ISO_8859_1);
    }

    private IOException damaged(String reason) {
        return new IOException(name + " is damaged: " + reason);
    }

    /** The hash of a version's name, as the System V ABI defines it. */
    static int hash(String version) {
        int hash = 0;
        for (int i = 0; i < version.length(); i++) {
            hash = (hash << 4) + version.charAt(i);
            int high = hash & 0xf0000000;
            hash = (hash ^ high >>> 24) & ~high;
        }
        return hash;
    }
}
