// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet.encoding;

import dev.jacobian.parquet.format.Corrupt;
import dev.jacobian.parquet.format.PhysicalType;

/** Values one behind the other (encoding {@code PLAIN}): booleans as bits, numbers as their bytes, texts behind their lengths. */
public final class PlainValues implements Values {
    private final Slice in;
    private final PhysicalType type;
    private final int fixed;
    private int at;
    private int bit;

    /** @param fixed bytes of a value of a type of fixed length */
    public PlainValues(Slice in, PhysicalType type, int fixed) {
        this.in = in;
        this.type = type;
        this.fixed = type == PhysicalType.INT96 ? 12 : fixed;
    }

    @Override
    public long nextLong() {
        return switch (type) {
            case BOOLEAN -> {
                long value = in.number(at, 1) >>> bit & 1;
                bit = bit + 1 & 7;
                at += bit == 0 ? 1 : 0;
                yield value;
            }
            case INT32 -> (int) number(Integer.BYTES);
            case INT64 -> number(Long.BYTES);
            default -> Values.super.nextLong();
        };
    }

    @Override
    public double nextDouble() {
        return switch (type) {
            case FLOAT -> Float.intBitsToFloat((int) number(Float.BYTES));
            case DOUBLE -> Double.longBitsToDouble(number(Double.BYTES));
            default -> Values.super.nextDouble();
        };
    }

    private long number(int bytes) {
        long value = in.number(at, bytes);
        at += bytes;
        return value;
    }

    @Override
    public Slice nextBytes() {
        int length = switch (type) {
            case BYTE_ARRAY -> (int) number(Integer.BYTES);
            case FIXED_LEN_BYTE_ARRAY, INT96 -> fixed;
            default -> throw new Corrupt("a page's encoding is not one of texts");
        };
        Slice value = in.cut(at, length);
        at += length;
        return value;
    }
}
