// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.util.Arrays;
import java.util.Objects;

/**
 * A strided, n-dimensional view of one Java array, or of one {@link DeviceArray}.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>CPU tensors are plain garbage-collected arrays: nothing to close, no scope to forget.
 *   <li>A tensor on a device looks the same, but its elements are read and written by kernels and by copies only: {@link
 *       #to(Device)}, {@link #toFloatArray}, {@link #item}, {@link #fill}, {@link #copyFrom}. Inside a {@link Workspace} its
 *       memory comes back with the scope; elsewhere when the garbage collector finds it, or at once with {@link #close}.
 *   <li>A tensor is a view: {@link #transpose}, {@link #slice} and {@link #reshape} share the array. Kernels that need
 *       dense rows call {@link #contiguous()}, which copies only when it must.
 *   <li>Tensors know no arithmetic. Operations live in {@link Backend} (kernels) and in {@code dev.jacobian.autograd}
 *       (differentiable operations).
 *   <li>Strides and offsets are counted in elements, not bytes.
 * </ul>
 *
 * <p>Tensors are not synchronised: sharing one between threads is safe while nobody writes to it.
 */
public final class Tensor {
    private final DType dtype;
    private final Shape shape;
    private final int[] strides;
    private final int offset;
    private final Object array;

    private Tensor(DType dtype, Shape shape, int[] strides, int offset, Object array) {
        this.dtype = dtype;
        this.shape = shape;
        this.strides = strides;
        this.offset = offset;
        this.array = array;
    }

    /** An F32 tensor of zeros. */
    public static Tensor zeros(int... extents) {
        return zeros(DType.F32, Shape.of(extents));
    }

    /** A tensor of zeros of any type. */
    public static Tensor zeros(DType dtype, Shape shape) {
        int n = shape.elements();
        Object array = switch (dtype) {
            case F32 -> new float[n];
            case BF16, F16 -> new short[n];
            case I8 -> new byte[n];
            case I32 -> new int[n];
            case I64 -> new long[n];
        };
        return new Tensor(dtype, shape, shape.strides(), 0, array);
    }

    /** A tensor of zeros on any device. */
    public static Tensor zeros(Device device, DType dtype, Shape shape) {
        if (device.equals(Device.CPU)) {
            return zeros(dtype, shape);
        }
        Tensor zeros = of(Backends.of(device).memory().allocate(dtype, shape.elements(), false), shape);
        zeros.deviceArray().fill(0, shape.elements(), 0f);
        return zeros;
    }

    /** A dense F32 tensor at the front of an array that may be longer. */
    static Tensor prefix(float[] values, Shape shape) {
        return new Tensor(DType.F32, shape, shape.strides(), 0, values);
    }

    /** A dense tensor that shares a device's array. */
    static Tensor of(DeviceArray array, Shape shape) {
        return new Tensor(array.dtype(), shape, shape.strides(), 0, array);
    }

    /** A dense tensor on this one's device, with unspecified contents. */
    private Tensor empty(DType type) {
        return isOnDevice()
                ? of(Backends.of(device()).memory().allocate(type, elements(), false), shape)
                : zeros(type, shape);
    }

    /** An F32 tensor that shares {@code values}; its length must be the product of the extents. */
    public static Tensor of(float[] values, int... extents) {
        return wrap(DType.F32, values, values.length, Shape.of(extents));
    }

    /** An I32 tensor that shares {@code values}. */
    public static Tensor of(int[] values, int... extents) {
        return wrap(DType.I32, values, values.length, Shape.of(extents));
    }

    /** An I64 tensor that shares {@code values}. */
    public static Tensor of(long[] values, int... extents) {
        return wrap(DType.I64, values, values.length, Shape.of(extents));
    }

    /** An I8 tensor that shares {@code values}. */
    public static Tensor of(byte[] values, int... extents) {
        return wrap(DType.I8, values, values.length, Shape.of(extents));
    }

    /** A BF16 or F16 tensor that shares the given bit patterns. */
    public static Tensor ofBits(DType dtype, short[] bits, int... extents) {
        if (dtype != DType.BF16 && dtype != DType.F16) {
            throw new IllegalArgumentException("16-bit patterns make a BF16 or F16 tensor, not " + dtype);
        }
        return wrap(dtype, bits, bits.length, Shape.of(extents));
    }

    private static Tensor wrap(DType dtype, Object array, int length, Shape shape) {
        if (length != shape.elements()) {
            throw new IllegalArgumentException(
                    "shape " + shape + " needs " + shape.elements() + " elements, the array has " + length);
        }
        return new Tensor(dtype, shape, shape.strides(), 0, array);
    }

    /** Element type. */
    public DType dtype() {
        return dtype;
    }

    /** Extents. */
    public Shape shape() {
        return shape;
    }

    /** Extent of one dimension; negative dimensions count from the end. */
    public int extent(int dimension) {
        return shape.extent(dimension);
    }

    /** Number of elements. */
    public int elements() {
        return shape.elements();
    }

    /** Number of dimensions. */
    public int rank() {
        return shape.rank();
    }

    /** Where the tensor lives. */
    public Device device() {
        return array instanceof DeviceArray there ? there.device() : Device.CPU;
    }

    private boolean isOnDevice() {
        return array instanceof DeviceArray;
    }

    /**
     * The device's array that holds the elements; the first one is at {@link #offset()}.
     *
     * @throws IllegalStateException if the tensor is on the CPU
     */
    public DeviceArray deviceArray() {
        if (array instanceof DeviceArray there) {
            return there;
        }
        throw new IllegalStateException(
                "tensor " + this + " is on the CPU; copy it to the device that computes with to(Device)");
    }

    /** The same view of another array. */
    Tensor on(DeviceArray other) {
        return new Tensor(dtype, shape, strides, offset, other);
    }

    /** The Java array or {@link DeviceArray} behind this view: what two tensors that share memory have in common. */
    Object storage() {
        return array;
    }

    /** Distance in elements between neighbours along a dimension. */
    public int stride(int dimension) {
        return strides[dimension < 0 ? dimension + strides.length : dimension];
    }

    /** Index in the backing array of the first element. */
    public int offset() {
        return offset;
    }

    /**
     * The backing array of an F32 tensor, not a copy. The first element is at {@link #offset()}; a view shares it with
     * others.
     *
     * @throws IllegalStateException if the tensor is not F32
     */
    public float[] floats() {
        if (array instanceof float[] floats) {
            return floats;
        }
        throw wrongType(DType.F32);
    }

    /** The backing array of a BF16 or F16 tensor. */
    public short[] shorts() {
        if (array instanceof short[] shorts) {
            return shorts;
        }
        throw wrongType(DType.BF16);
    }

    /** The backing array of an I32 tensor. */
    public int[] ints() {
        if (array instanceof int[] ints) {
            return ints;
        }
        throw wrongType(DType.I32);
    }

    /** The backing array of an I64 tensor. */
    public long[] longs() {
        if (array instanceof long[] longs) {
            return longs;
        }
        throw wrongType(DType.I64);
    }

    /** The backing array of an I8 tensor. */
    public byte[] bytes() {
        if (array instanceof byte[] bytes) {
            return bytes;
        }
        throw wrongType(DType.I8);
    }

    private IllegalStateException wrongType(DType wanted) {
        if (isOnDevice()) {
            return new IllegalStateException("tensor " + this + " is not in a Java array; copy it with to(Device.CPU)");
        }
        return new IllegalStateException(
                "tensor " + this + " is not " + wanted + "; convert it with to(" + wanted + ")");
    }

    /** Whether elements lie densely in row-major order (the offset may be anything). */
    public boolean isContiguous() {
        int step = 1;
        for (int d = shape.rank() - 1; d >= 0; d--) {
            int extent = shape.extent(d);
            if (extent != 1 && strides[d] != step) {
                return shape.elements() == 0;
            }
            step *= extent;
        }
        return true;
    }

    /** This tensor if it is contiguous, a dense copy otherwise. */
    public Tensor contiguous() {
        return isContiguous() ? this : copy();
    }

    /** A dense copy with an array of its own. */
    public Tensor copy() {
        Tensor copy = empty(dtype);
        int n = shape.elements();
        if (n == 0) {
            return copy; // a view of nothing may point past the end of its array
        }
        if (isOnDevice()) {
            copy.deviceArray().copyFrom(0, this);
            return copy;
        }
        if (isContiguous()) {
            System.arraycopy(array, offset, copy.array, 0, n);
            return copy;
        }
        int[] index = new int[shape.rank()];
        for (int i = 0; i < n; i++) {
            System.arraycopy(array, address(index), copy.array, i, 1);
            for (int d = index.length - 1; d >= 0 && ++index[d] == shape.extent(d); d--) {
                index[d] = 0;
            }
        }
        return copy;
    }

    private int address(int... index) {
        int address = offset;
        for (int d = 0; d < index.length; d++) {
            address += index[d] * strides[d];
        }
        return address;
    }

    /** One element of an F32 tensor. */
    public float get(int... index) {
        if (index.length != shape.rank()) {
            throw new IndexOutOfBoundsException("index " + Arrays.toString(index) + " into shape " + shape);
        }
        for (int d = 0; d < index.length; d++) {
            Objects.checkIndex(index[d], shape.extent(d));
        }
        return floats()[address(index)];
    }

    /** The only element of an F32 tensor with one element. */
    public float item() {
        if (shape.elements() != 1) {
            throw new IllegalStateException("item() needs one element, the tensor has shape " + shape);
        }
        return isOnDevice() ? toFloatArray()[0] : floats()[offset];
    }

    /** A copy of the elements of an F32 tensor in row-major order. */
    public float[] toFloatArray() {
        if (isOnDevice()) {
            return to(Device.CPU).to(DType.F32).floats();
        }
        Tensor dense = contiguous();
        return Arrays.copyOfRange(dense.floats(), dense.offset, dense.offset + elements());
    }

    /** The same elements in another shape; shares the array when this tensor is contiguous. */
    public Tensor reshape(int... extents) {
        Shape wanted = Shape.of(extents);
        if (wanted.elements() != shape.elements()) {
            throw new IllegalArgumentException("cannot reshape " + shape + " to " + wanted + ": different sizes");
        }
        Tensor dense = contiguous();
        return new Tensor(dtype, wanted, wanted.strides(), dense.offset, dense.array);
    }

    /** A view with two dimensions exchanged. */
    public Tensor transpose(int first, int second) {
        int a = first < 0 ? first + rank() : first;
        int b = second < 0 ? second + rank() : second;
        int[] extents = shape.toArray();
        int[] steps = strides.clone();
        extents[a] = shape.extent(b);
        extents[b] = shape.extent(a);
        steps[a] = strides[b];
        steps[b] = strides[a];
        return new Tensor(dtype, Shape.of(extents), steps, offset, array);
    }

    /** The matrix transpose of a rank-2 tensor, as a view. */
    public Tensor t() {
        if (rank() != 2) {
            throw new IllegalStateException("t() needs a matrix, the tensor has shape " + shape);
        }
        return transpose(0, 1);
    }

    /** A view of the half-open range {@code [from, to)} of one dimension. */
    public Tensor slice(int dimension, int from, int to) {
        int d = dimension < 0 ? dimension + rank() : dimension;
        Objects.checkFromToIndex(from, to, shape.extent(d));
        int[] extents = shape.toArray();
        extents[d] = to - from;
        return new Tensor(dtype, Shape.of(extents), strides, offset + from * strides[d], array);
    }

    /** A view of one index of a dimension, without that dimension. */
    public Tensor select(int dimension, int index) {
        int d = dimension < 0 ? dimension + rank() : dimension;
        Objects.checkIndex(index, shape.extent(d));
        int[] extents = new int[rank() - 1];
        int[] steps = new int[rank() - 1];
        for (int i = 0; i < extents.length; i++) {
            int from = i < d ? i : i + 1;
            extents[i] = shape.extent(from);
            steps[i] = strides[from];
        }
        return new Tensor(dtype, Shape.of(extents), steps, offset + index * strides[d], array);
    }

    /** Sets every element of a contiguous F32 tensor. */
    public void fill(float value) {
        requireContiguous("fill");
        if (isOnDevice()) {
            deviceArray().fill(offset, elements(), value);
            return;
        }
        Arrays.fill(floats(), offset, offset + elements(), value);
    }

    /** Copies all elements of {@code source} (same shape, same type, any device) into this contiguous tensor. */
    public void copyFrom(Tensor source) {
        requireContiguous("copyFrom");
        if (!source.shape.equals(shape) || source.dtype != dtype) {
            throw new IllegalArgumentException("cannot copy " + source + " into " + this);
        }
        if (isOnDevice() && source.device().sharesMemoryWith(device())) {
            deviceArray().copyFrom(offset, source);
            return;
        }
        if (isOnDevice()) {
            Tensor dense = source.to(Device.CPU).contiguous();
            deviceArray().write(offset, dense.array, dense.offset, elements());
            return;
        }
        if (source.isOnDevice()) {
            Tensor dense = source.contiguous();
            dense.deviceArray().read(dense.offset, array, offset, elements());
            if (dense != source) {
                dense.close();
            }
            return;
        }
        Tensor dense = source.contiguous();
        System.arraycopy(dense.array, dense.offset, array, offset, elements());
    }

    /** Copies all elements of {@code source} (same shape, same device) into this contiguous tensor, converting to its type. */
    public void convertFrom(Tensor source) {
        if (source.dtype == dtype || !isOnDevice()) {
            copyFrom(source.to(dtype));
            return;
        }
        requireContiguous("convertFrom");
        if (!source.shape.equals(shape)) {
            throw new IllegalArgumentException("cannot convert " + source + " into " + this);
        }
        deviceArray().copyFrom(offset, source);
    }

    /**
     * The same numbers on another device, or on this one in another arithmetic; this tensor itself if it is there already. A
     * copy to the CPU waits for the device.
     */
    public Tensor to(Device target) {
        if (target.equals(device())) {
            return this;
        }
        Tensor copy = target.equals(Device.CPU)
                ? zeros(dtype, shape)
                : of(Backends.of(target).memory().allocate(dtype, elements(), false), shape);
        copy.copyFrom(this);
        return copy;
    }

    /**
     * Gives a device tensor's memory back now instead of when the garbage collector finds it; all views of it are dead
     * afterwards. A tensor on the CPU has nothing to give back.
     */
    public void close() {
        if (array instanceof DeviceArray there) {
            there.close();
        }
    }

    private void requireContiguous(String operation) {
        if (!isContiguous()) {
            throw new IllegalStateException(operation + " needs a contiguous tensor; this one is a strided view");
        }
    }

    /**
     * Converts between floating types. Widening is exact; narrowing rounds to nearest, ties to even.
     *
     * @throws IllegalArgumentException if either type is not floating-point
     */
    public Tensor to(DType target) {
        if (target == dtype) {
            return this;
        }
        if (!dtype.isFloatingPoint() || !target.isFloatingPoint()) {
            throw new IllegalArgumentException("cannot convert " + dtype + " to " + target);
        }
        if (isOnDevice()) {
            Tensor converted = empty(target);
            converted.deviceArray().copyFrom(0, this);
            return converted;
        }
        Tensor source = contiguous();
        Tensor result = zeros(target, shape);
        TypeConversion.convert(source, result);
        return result;
    }

    @Override
    public String toString() {
        return dtype + shape.toString() + (isOnDevice() ? " on " + device() : "");
    }
}
