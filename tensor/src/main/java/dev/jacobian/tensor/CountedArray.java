// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/** An array that has a length and no elements: reading it gives zeros, writing to it does nothing. */
public final class CountedArray implements DeviceArray {
    private final DType dtype;
    private final int length;
    private final long copies;

    /** One array. */
    public CountedArray(DType dtype, int length) {
        this(dtype, length, 1);
    }

    /** So many arrays of one length that are taken and given back together. */
    CountedArray(DType dtype, int length, long copies) {
        this.dtype = dtype;
        this.length = length;
        this.copies = copies;
    }

    long copies() {
        return copies;
    }

    @Override
    public Device device() {
        return Device.COUNTED;
    }

    @Override
    public DType dtype() {
        return dtype;
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public void fill(int from, int count, float value) {}

    @Override
    public void write(int at, Object array, int from, int count) {}

    @Override
    public void read(int from, Object array, int at, int count) {}

    @Override
    public void copyFrom(int at, Tensor source) {}

    @Override
    public void close() {}
}
