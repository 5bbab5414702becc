// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;

/**
 * The lengths of the rows of {@code W + s · B · A}, kept while A and B do not change: decoding asks for them at every token.
 *
 * <p>The sum is made a block of rows at a time, however W is held. What is kept and its versions are one object, so that threads which
 * share a model that nobody trains never see one without the other.
 */
final class RowNorms {
    /** Floats of the sum that exist at a time. */
    private static final int BLOCK_FLOATS = 1 << 20;

    private record Kept(Tensor inverse, long versionA, long versionB) {}

    private final LinearWeight base; // [M, K]
    private final Var a; // [r, K]
    private final Var b; // [M, r]
    private final float scale;
    private @Nullable Kept kept; // null until somebody asks

    RowNorms(LinearWeight base, Var a, Var b, float scale) {
        this.base = base;
        this.a = a;
        this.b = b;
        this.scale = scale;
    }

    /** 1/‖row‖, [M] where the weight is; in the same memory as long as the weight lives. */
    Tensor inverse() {
        Kept last = kept;
        if (last != null && last.versionA == version(a) && last.versionB == version(b)) {
            return last.inverse;
        }
        Device device = a.value().device();
        int rows = b.value().extent(0);
        Tensor inverse = last == null ? Tensor.zeros(device, DType.F32, Shape.of(rows)) : last.inverse; // [M]
        float[] norms = of();
        for (int i = 0; i < rows; i++) {
            norms[i] = 1f / norms[i];
        }
        if (!device.equals(Device.COUNTED)) {
            inverse.copyFrom(Tensor.of(norms, rows));
        }
        kept = new Kept(inverse, version(a), version(b));
        return inverse;
    }

    /** ‖row‖, [M]: the squares of a row are added in order, the root is taken in double. */
    float[] of() {
        int rows = b.value().extent(0);
        int k = a.value().extent(1);
        Backend backend = Backends.of(a.value().device());
        int block = Math.clamp(BLOCK_FLOATS / Math.max(1, k), 1, Math.max(1, rows));
        Tensor sums = Workspace.floatsBeside(a.value(), rows); // [M]
        sums.fill(0f);
        for (int from = 0; from < rows; from += block) {
            int n = Math.min(block, rows - from);
            Tensor columns = Workspace.floatsBeside(a.value(), k, n); // [K, n]
            Linear.columns(base, from, columns);
            Tensor scaled = Workspace.floatsBeside(a.value(), n, b.value().extent(1)); // [n, r]
            backend.elementwise().scale(b.value().slice(0, from, from + n), scale, scaled);
            backend.matrices().matmul(a.value().t(), scaled.t(), columns, true);
            backend.elementwise().multiply(columns, columns, columns);
            backend.elementwise().sumRowsInto(columns, sums.slice(0, from, from + n));
            Workspace.release(scaled);
            Workspace.release(columns);
        }
        float[] norms = a.value().device().equals(Device.COUNTED) ? new float[rows] : sums.toFloatArray();
        for (int i = 0; i < rows; i++) {
            norms[i] = (float) Math.sqrt(norms[i]);
        }
        Workspace.release(sums);
        return norms;
    }

    private static long version(Var weight) {
        return weight instanceof Parameter trained ? trained.version() : 0;
    }
}
