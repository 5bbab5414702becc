// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.util.Arrays;

/**
 * The extents of a tensor, outermost first. Immutable.
 *
 * <p>Compared with a bare {@code int[]}: has value equality, cannot be changed behind a tensor's back, and checks once
 * that the number of elements fits a Java array. Extents are {@code int} because every CPU tensor is one Java array.
 */
public final class Shape {
    private final int[] extents;
    private final int elements;

    /** A shape of more elements than any tensor can have. */
    public static final class TooLargeException extends IllegalArgumentException {
        private static final long serialVersionUID = 1L;

        private TooLargeException(int[] extents) {
            super("shape " + Arrays.toString(extents)
                    + " has more elements than a Java array can hold (2^31 - 9); split the tensor");
        }
    }

    private Shape(int[] extents) {
        long count = 1;
        for (int extent : extents) {
            if (extent < 0) {
                throw new IllegalArgumentException("negative extent in shape " + Arrays.toString(extents));
            }
            count *= extent;
            if (count > Integer.MAX_VALUE - 8) {
                throw new TooLargeException(extents);
            }
        }
        this.extents = extents;
        this.elements = (int) count;
    }

    /** A shape with the given extents; no extents at all is the shape of a scalar. */
    public static Shape of(int... extents) {
        return new Shape(extents.clone());
    }

    /** Number of dimensions. */
    public int rank() {
        return extents.length;
    }

    /** Extent of a dimension; negative dimensions count from the end, so {@code extent(-1)} is the innermost. */
    public int extent(int dimension) {
        int d = dimension < 0 ? dimension + extents.length : dimension;
        if (d < 0 || d >= extents.length) {
            throw new IndexOutOfBoundsException("dimension " + dimension + " of shape " + this);
        }
        return extents[d];
    }

    /** Number of elements: the product of the extents, 1 for a scalar. */
    public int elements() {
        return elements;
    }

    /** A copy of the extents. */
    public int[] toArray() {
        return extents.clone();
    }

    /** Row-major strides, in elements. */
    public int[] strides() {
        int[] strides = new int[extents.length];
        int step = 1;
        for (int d = extents.length - 1; d >= 0; d--) {
            strides[d] = step;
            step *= Math.max(1, extents[d]);
        }
        return strides;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape shape && Arrays.equals(extents, shape.extents);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(extents);
    }

    @Override
    public String toString() {
        return Arrays.toString(extents);
    }
}
