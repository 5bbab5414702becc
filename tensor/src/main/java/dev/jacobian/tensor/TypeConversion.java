// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/** The floating types into each other on the CPU, in pieces that the {@link ComputePool} shares out. */
final class TypeConversion {
    /** Numbers of a task; fewer are not worth a second thread. */
    private static final int PIECE = 1 << 16;

    private TypeConversion() {}

    /**
     * Converts each element: wider exactly, narrower to nearest with ties to even.
     *
     * @param source contiguous, of another floating type
     * @param result its shape, contiguous at the front of its array
     */
    static void convert(Tensor source, Tensor result) {
        int n = source.elements();
        ComputePool.run(Math.ceilDiv(n, PIECE), piece -> {
            int at = piece * PIECE;
            convert(source, result, at, Math.min(PIECE, n - at));
        });
    }

    private static void convert(Tensor source, Tensor result, int at, int n) {
        int from = source.offset() + at;
        if (source.dtype() == DType.F32) {
            HalfFloats.narrow(result.dtype(), source.floats(), from, result.shorts(), at, n);
        } else if (result.dtype() == DType.F32) {
            HalfFloats.widen(source.dtype(), source.shorts(), from, result.floats(), at, n);
        } else {
            float[] wide = new float[n];
            HalfFloats.widen(source.dtype(), source.shorts(), from, wide, 0, n);
            HalfFloats.narrow(result.dtype(), wide, 0, result.shorts(), at, n);
        }
    }
}
