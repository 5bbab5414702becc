// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet.encoding;

import dev.jacobian.parquet.format.Corrupt;
import dev.jacobian.tensor.Nullable;

/**
 * Texts whose lengths stand together before them ({@code DELTA_LENGTH_BYTE_ARRAY}), and perhaps before that how much each has in
 * common with the one before ({@code DELTA_BYTE_ARRAY}).
 */
final class DeltaTexts implements Values {
    /** How much longer all texts of a page may be than the page: a few bytes could otherwise stand for gigabytes. */
    private static final long MOST_GROWTH = 1000;

    private static final long MOST_SHARED = 16L << 20;

    private final @Nullable DeltaPacked shared;
    private final DeltaPacked lengths;
    private final Slice texts;
    private final long mostBytes;
    private long bytes;
    private int at;
    private Slice last = Slice.of(new byte[0]);

    /** @param isShared whether beginnings are left out that the text before has too */
    DeltaTexts(Slice in, boolean isShared) {
        int begin = isShared ? new DeltaPacked(in).end() : 0;
        Slice behind = in.from(begin);
        this.shared = isShared ? new DeltaPacked(in) : null;
        this.lengths = new DeltaPacked(behind);
        this.texts = behind.from(new DeltaPacked(behind).end());
        this.mostBytes = MOST_SHARED + MOST_GROWTH * in.length();
    }

    @Override
    public Slice nextBytes() {
        int length = length(lengths.next());
        Slice own = texts.cut(at, length);
        at += length;
        int common = shared == null ? 0 : length(shared.next());
        if (common > last.length()) {
            throw new Corrupt("a text shares " + common + " bytes with one of " + last.length());
        }
        if (common > 0) {
            bytes += common;
            if (bytes > mostBytes) {
                throw new Corrupt("the texts of a page are a thousand times longer than the page");
            }
            byte[] whole = new byte[Math.addExact(common, length)];
            System.arraycopy(last.bytes(), last.from(), whole, 0, common);
            System.arraycopy(own.bytes(), own.from(), whole, common, length);
            own = Slice.of(whole);
        }
        last = own;
        return own;
    }

    private static int length(long value) {
        if (value < 0 || value > Integer.MAX_VALUE) {
            throw new Corrupt("a text has " + value + " bytes");
        }
        return (int) value;
    }
}
