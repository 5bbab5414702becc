// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet.encoding;

/** Booleans as runs (encoding {@code RLE}), behind the length of all. */
final class BooleanRuns implements Values {
    private final Hybrid bits;

    BooleanRuns(Slice in) {
        this.bits = new Hybrid(in.cut(Integer.BYTES, in.int32(0)), 1);
    }

    @Override
    public long nextLong() {
        return bits.next();
    }
}
