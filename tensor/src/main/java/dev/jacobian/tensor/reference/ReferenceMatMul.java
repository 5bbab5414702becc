// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.MatrixKernels;
import dev.jacobian.tensor.PackedMatrix;
import dev.jacobian.tensor.QuantizedMatrix;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;

/** Matrix product: one chain of fused multiply-adds per output element, over k in order. */
final class ReferenceMatMul implements MatrixKernels {
    /** A snapshot of the right operand, rounded as the format does; the reference gains nothing from rearranging it. */
    private record Packed(Tensor matrix, WeightFormat format) implements PackedMatrix {
        @Override
        public int rows() {
            return matrix.extent(0);
        }

        @Override
        public int columns() {
            return matrix.extent(1);
        }

        @Override
        public long bytes() {
            return 4L * matrix.elements();
        }
    }

    @Override
    public void matmul(Tensor a, Tensor b, Tensor out, boolean accumulate) {
        int m = a.extent(0);
        int k = a.extent(1);
        int n = b.extent(1);
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                int at = out.offset() + i * n + j;
                float sum = accumulate ? out.floats()[at] : 0f;
                for (int p = 0; p < k; p++) {
                    sum = Math.fma(
                            a.floats()[a.offset() + i * a.stride(0) + p * a.stride(1)],
                            b.floats()[b.offset() + p * b.stride(0) + j * b.stride(1)],
                            sum);
                }
                out.floats()[at] = sum;
            }
        }
    }

    @Override
    public void batchedMatmul(Tensor a, Tensor b, Tensor out, boolean accumulate) {
        for (int i = 0; i < out.extent(0); i++) {
            matmul(a.select(0, i), b.select(0, i), out.select(0, i), accumulate);
        }
    }

    @Override
    public PackedMatrix pack(Tensor b, WeightFormat format) {
        return new Packed(ReferenceQuantization.rounded(b.to(DType.F32), format), format);
    }

    @Override
    public PackedMatrix pack(QuantizedMatrix transposed) {
        return new Packed(ReferenceBlocks.transposed(transposed), transposed.format());
    }

    @Override
    public long packedBytes(int k, int n, WeightFormat format) {
        return (long) Float.BYTES * k * n; // rounded to the format, and held in F32
    }

    @Override
    public void repack(Tensor b, PackedMatrix into) {
        ((Packed) into).matrix.copyFrom(ReferenceQuantization.rounded(b, into.format()));
    }

    @Override
    public void matmul(Tensor a, PackedMatrix b, Tensor out, boolean accumulate) {
        matmul(a, ((Packed) b).matrix, out, accumulate);
    }

    @Override
    public void unpack(PackedMatrix b, int fromColumn, Tensor out) {
        out.copyFrom(((Packed) b).matrix.slice(1, fromColumn, fromColumn + out.extent(1)));
    }
}
