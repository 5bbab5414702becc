// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.libraries;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The dynamic linker's cache, in both of its forms, whole and cut off. */
class LinkerCacheTest {
    /** A cache in the format of glibc since 2.2: header, entries, strings. */
    static byte[] cache(String... paths) {
        ByteArrayOutputStream strings = new ByteArrayOutputStream();
        int start = 48 + 24 * paths.length;
        ByteBuffer head = ByteBuffer.allocate(start).order(ByteOrder.LITTLE_ENDIAN);
        head.put("glibc-ld.so.cache1.1".getBytes(StandardCharsets.US_ASCII));
        head.putInt(20, paths.length);
        for (int i = 0; i < paths.length; i++) {
            head.putInt(48 + 24 * i + 8, start + strings.size());
            strings.writeBytes((paths[i] + '\0').getBytes(StandardCharsets.US_ASCII));
        }
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(head.array());
        all.writeBytes(strings.toByteArray());
        return all.toByteArray();
    }

    @Test
    void pathsComeInOrder() {
        assertThat(LinkerCache.paths(cache("/lib/a.so.1", "/opt/b.so.2")))
                .containsExactly("/lib/a.so.1", "/opt/b.so.2");
    }

    @Test
    void theOlderTableInFrontIsSkipped() {
        byte[] young = cache("/lib/a.so.1");
        ByteBuffer both = ByteBuffer.allocate(16 + 3 * 12 + 4 + young.length).order(ByteOrder.LITTLE_ENDIAN);
        both.put("ld.so-1.7.0".getBytes(StandardCharsets.US_ASCII));
        both.putInt(12, 3);
        both.put(16 + 3 * 12 + 4, young); // on a multiple of 8
        assertThat(LinkerCache.paths(both.array())).containsExactly("/lib/a.so.1");
    }

    @Test
    void aCacheCutOffGivesWhatIsThere() {
        byte[] whole = cache("/lib/a.so.1", "/opt/b.so.2");
        for (int length = 0; length < whole.length; length++) {
            List<String> paths = LinkerCache.paths(Arrays.copyOf(whole, length));
            assertThat(paths).hasSizeLessThanOrEqualTo(2);
        }
    }

    @Test
    void anythingElseGivesNothing() {
        assertThat(LinkerCache.paths(new byte[0])).isEmpty();
        assertThat(LinkerCache.paths(new byte[1000])).isEmpty();
        byte[] wild = cache("/lib/a.so.1");
        ByteBuffer.wrap(wild)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(20, -1)
                .putInt(48 + 8, -1); // counts beyond the file
        assertThat(LinkerCache.paths(wild)).isEmpty();
    }
}
