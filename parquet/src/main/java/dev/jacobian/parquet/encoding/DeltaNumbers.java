// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet.encoding;

/** Whole numbers as differences; those of 32 bits wrap around in 32 bits. */
final class DeltaNumbers implements Values {
    private final DeltaPacked numbers;
    private final boolean isInt;

    DeltaNumbers(Slice in, boolean isInt) {
        this.numbers = new DeltaPacked(in);
        this.isInt = isInt;
    }

    @Override
    public long nextLong() {
        long value = numbers.next();
        return isInt ? (int) value : value;
    }
}
