// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.libraries;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The dynamic linker's list of installed libraries, {@code /etc/ld.so.cache}.
 *
 * <p>Read as a file rather than asked of {@code ldconfig -p}: no process that could hang, and it works where the tool is not
 * on the path. The format is glibc's 1.1 (since 1998), alone or after the older 1.7.0 table. Anything else gives an empty
 * list: the cache is one place of several.
 */
final class LinkerCache {
    private static final byte[] MAGIC = "glibc-ld.so.cache1.1".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] OLD_MAGIC = "ld.so-1.7.0".getBytes(StandardCharsets.US_ASCII);
    private static final int HEADER_BYTES = 48;
    private static final int ENTRY_BYTES = 24;
    private static final int OLD_HEADER_BYTES = 16;
    private static final int OLD_ENTRY_BYTES = 12;

    private LinkerCache() {}

    /** The paths of all libraries in the cache, in its order. */
    static List<String> paths(byte[] cache) {
        ByteBuffer in = ByteBuffer.wrap(cache).order(ByteOrder.LITTLE_ENDIAN);
        long start = 0;
        if (startsWith(cache, 0, OLD_MAGIC) && cache.length >= OLD_HEADER_BYTES) {
            long end = OLD_HEADER_BYTES + Integer.toUnsignedLong(in.getInt(12)) * OLD_ENTRY_BYTES;
            start = (end + 7) / 8 * 8;
        }
        if (!startsWith(cache, start, MAGIC) || start + HEADER_BYTES > cache.length) {
            return List.of();
        }
        long count = Integer.toUnsignedLong(in.getInt((int) start + 20));
        List<String> paths = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            long entry = start + HEADER_BYTES + i * ENTRY_BYTES;
            if (entry + ENTRY_BYTES > cache.length) {
                break;
            }
            String path = string(cache, start + Integer.toUnsignedLong(in.getInt((int) entry + 8)));
            if (!path.isEmpty()) {
                paths.add(path);
            }
        }
        return paths;
    }

    private static boolean startsWith(byte[] bytes, long offset, byte[] magic) {
        if (offset + magic.length > bytes.length) {
            return false;
        }
        for (int i = 0; i < magic.length; i++) {
            if (bytes[(int) offset + i] != magic[i]) {
                return false;
            }
        }
        return true;
    }

    private static String string(byte[] bytes, long offset) {
        if (offset >= bytes.length) {
            return "";
        }
        int end = (int) offset;
        while (end < bytes.length && bytes[end] != 0) {
            end++;
        }
        return new String(bytes, (int) offset, end - (int) offset, StandardCharsets.ISO_8859_1);
    }
}
