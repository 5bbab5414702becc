// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet.encoding;

import dev.jacobian.parquet.format.Corrupt;
import dev.jacobian.parquet.format.PhysicalType;

/** Numbers as the first bytes of all, then the second bytes of all, … (encoding {@code BYTE_STREAM_SPLIT}), which packs better. */
final class SplitBytes implements Values {
    private final Slice in;
    private final PhysicalType type;
    private final int width;
    private final int count;
    private int at;

    SplitBytes(Slice in, PhysicalType type, int fixed) {
        this.in = in;
        this.type = type;
        this.width = switch (type) {
            case INT32, FLOAT -> 4;
            case INT64, DOUBLE -> 8;
            case FIXED_LEN_BYTE_ARRAY -> fixed;
            default -> 0;
        };
        if (width < 1 || in.length() % width != 0) {
            throw new Corrupt("bytes are split that are no numbers of " + width + " bytes each");
        }
        this.count = in.length() / width;
    }

    private byte[] next() {
        if (at >= count) {
            throw new Corrupt("a page ends before its values do");
        }
        byte[] value = new byte[width];
        for (int i = 0; i < width; i++) {
            value[i] = in.bytes()[in.from() + i * count + at];
        }
        at++;
        return value;
    }

    @Override
    public long nextLong() {
        long number = Slice.of(next()).number(0, width);
        return type == PhysicalType.INT32 ? (int) number : number;
    }

    @Override
    public double nextDouble() {
        return type == PhysicalType.FLOAT
                ? Float.intBitsToFloat((int) nextLong())
                : Double.longBitsToDouble(nextLong());
    }

    @Override
    public Slice nextBytes() {
        return Slice.of(next());
    }
}
