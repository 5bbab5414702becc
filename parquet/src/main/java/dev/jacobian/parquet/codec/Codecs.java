// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet.codec;

import dev.jacobian.parquet.format.Corrupt;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.zip.GZIPInputStream;

/** The format's compressions by their numbers. */
public final class Codecs {
    private static final int UNCOMPRESSED = 0;
    private static final int SNAPPY = 1;
    private static final int GZIP = 2;
    private static final int ZSTD = 6;
    private static final int LZ4_RAW = 7;
    private static final List<String> NAMES =
            List.of("UNCOMPRESSED", "SNAPPY", "GZIP", "LZO", "BROTLI", "LZ4 of Hadoop", "ZSTD", "LZ4_RAW");

    private Codecs() {}

    /**
     * Decompresses {@code in[from … to)}.
     *
     * @param size of the result, which is all that is ever allocated of it, and only as it comes
     * @throws Corrupt if the result has another size, or the codec is none that is read
     */
    public static byte[] decompress(int codec, byte[] in, int from, int to, int size) {
        Output out = new Output(size, to - from);
        switch (codec) {
            case UNCOMPRESSED -> out.put(in, from, to - from);
            case SNAPPY -> Snappy.decompress(in, from, to, out);
            case GZIP -> gzip(in, from, to, out);
            case ZSTD -> new Zstd(in, from, to, out).decompress();
            case LZ4_RAW -> Lz4.decompress(in, from, to, out);
            default ->
                throw new Corrupt("it is compressed with "
                        + (codec > 0 && codec < NAMES.size() ? NAMES.get(codec) : "codec " + codec)
                        + ", which is not read; Snappy, gzip, Zstandard, LZ4_RAW and no compression are");
        }
        return out.whole();
    }

    private static void gzip(byte[] in, int from, int to, Output out) {
        byte[] buffer = new byte[1 << 13];
        try (InputStream stream = new GZIPInputStream(new ByteArrayInputStream(in, from, to - from))) {
            for (int read; (read = stream.read(buffer)) > 0; ) {
                out.put(buffer, 0, read);
            }
        } catch (IOException e) {
            throw new Corrupt("a gzip page is broken (" + e.getMessage() + ")");
        }
    }
}
