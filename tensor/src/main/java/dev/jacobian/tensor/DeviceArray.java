// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/**
 * The elements of tensors on a device: what a Java array is to tensors on the CPU.
 *
 * <p>Made by {@link BackendMemory#allocate} and understood by that backend's kernels. All methods may return before the device has
 * done what they say, except {@link #read}; the device does everything in the order in which it was asked, so that this
 * cannot be seen. A failure on the way is thrown by a later call.
 */
public interface DeviceArray {
    /** Where the elements are. */
    Device device();

    /** Their type. */
    DType dtype();

    /** Number of elements. */
    int length();

    /**
     * Sets some elements.
     *
     * @param value any for F32, 0 for the other types
     */
    void fill(int from, int count, float value);

    /**
     * Copies elements from a Java array, which may change as soon as this returns.
     *
     * @param array of the kind that a CPU tensor of the type has
     */
    void write(int at, Object array, int from, int count);

    /** Copies elements into a Java array; waits for everything that the device was asked before. */
    void read(int from, Object array, int at, int count);

    /**
     * Copies a tensor of the same device, in any arithmetic, to a dense place, converting between floating types (to nearest, ties to even).
     *
     * @param at where the dense copy begins
     * @param source any strides
     */
    void copyFrom(int at, Tensor source);

    /** Gives the memory back when the device has done everything that it was asked; later use is an error. */
    void close();
}
