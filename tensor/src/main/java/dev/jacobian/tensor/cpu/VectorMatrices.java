// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.MatrixKernels;
import dev.jacobian.tensor.PackedMatrix;
import dev.jacobian.tensor.QuantizedMatrix;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;

/** Chooses the product by what the right operand is: a matrix as it lies, F32 panels, or panels of fewer bits. */
final class VectorMatrices implements MatrixKernels {
    @Override
    public void matmul(Tensor a, Tensor b, Tensor out, boolean accumulate) {
        VectorMatMul.matmul(a, b, out, accumulate);
    }

    @Override
    public void batchedMatmul(Tensor a, Tensor b, Tensor out, boolean accumulate) {
        BatchedMatMul.matmul(a, b, out, accumulate);
    }

    @Override
    public PackedMatrix pack(Tensor b, WeightFormat format) {
        return format == WeightFormat.F32 ? PackedPanels.of(b) : NarrowPanels.of(b, format);
    }

    @Override
    public PackedMatrix pack(QuantizedMatrix transposed) {
        return NarrowPanels.of(transposed);
    }

    @Override
    public long packedBytes(int k, int n, WeightFormat format) {
        return format == WeightFormat.F32 ? PackedPanels.bytes(k, n) : NarrowPanels.bytes(format, k, n);
    }

    @Override
    public void repack(Tensor b, PackedMatrix into) {
        switch (into) {
            case NarrowPanels narrow -> narrow.fill(b);
            default -> PackedPanels.pack(b, 0, into.rows(), 0, into.columns(), ((PackedPanels) into).strips());
        }
    }

    @Override
    public void matmul(Tensor a, PackedMatrix b, Tensor out, boolean accumulate) {
        switch (b) {
            case NarrowPanels narrow -> NarrowMatMul.matmul(a, narrow, out, accumulate);
            default -> VectorMatMul.matmul(a, (PackedPanels) b, out, accumulate);
        }
    }

    @Override
    public void unpack(PackedMatrix b, int fromColumn, Tensor out) {
        switch (b) {
            case NarrowPanels narrow -> NarrowMatMul.unpack(narrow, fromColumn, out);
            default -> ((PackedPanels) b).unpack(fromColumn, out);
        }
    }
}
