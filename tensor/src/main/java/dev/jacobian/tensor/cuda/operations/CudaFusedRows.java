// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import dev.jacobian.tensor.AffineLayer;
import dev.jacobian.tensor.CachedRows;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.FusedKernels;
import dev.jacobian.tensor.RmsGain;
import dev.jacobian.tensor.Rotation;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.engine.CudaEngine;
import dev.jacobian.tensor.cuda.engine.Switches;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The operations of a decoder layer that are fused where few rows are decoded: seven launches a layer instead of twenty.
 *
 * <p>{@code -Djacobian.cuda.fused=false} computes them separately, to compare.
 */
public final class CudaFusedRows implements FusedKernels {
    /** Rows that the kernels are compiled for; between them the larger one is taken. */
    private static final int MOST_ROWS = 4;

    /** Of shared memory, for the normalized rows: more would leave a multiprocessor few blocks. */
    private static final int MOST_BYTES = 64 << 10;

    private static final int MOST_LAYERS = 3;
    private static final int THREADS = 256;
    private static final int COLUMNS = THREADS / 32;

    /** Elements of a column from which several warps share it, and the columns of a block then. */
    private static final int LONG_COLUMN = 2048;

    private static final int LONG_COLUMNS = COLUMNS / 4;

    /** Heads that a block of {@code rotate_append} turns, a warp each. */
    private static final int ROTATED_HEADS = 8;

    private final CudaEngine engine;
    private final FusedKernels separate;

    public CudaFusedRows(CudaEngine engine, FusedKernels separate) {
        this.engine = engine;
        this.separate = separate;
    }

    @Override
    public int fusedRows(int width, DType dtype) {
        if (engine.isBatchInvariant()
                || !Switches.isOn("jacobian.cuda.fused")
                || (dtype != DType.F32 && dtype != DType.BF16)) {
            return 0;
        }
        long bytes = (long) width * dtype.bytes();
        return bytes * MOST_ROWS <= MOST_BYTES ? MOST_ROWS : bytes <= MOST_BYTES ? 1 : 0;
    }

    @Override
    public void normLinear(Tensor x, RmsGain norm, List<AffineLayer> layers, List<Tensor> outs) {
        int k = x.extent(1);
        List<Object> arguments = new ArrayList<>(norm(x, norm));
        int columns = 0;
        for (int i = 0; i < MOST_LAYERS; i++) {
            if (i < layers.size()) {
                AffineLayer layer = layers.get(i);
                int n = layer.weight().extent(0);
                columns += n;
                arguments.addAll(Arrays.asList(layer.weight(), layer.bias().orElse(null), n, outs.get(i)));
            } else {
                arguments.addAll(Arrays.asList(null, null, 0, null));
            }
        }
        launch("norm_linear", x, Math.ceilDiv(columns, COLUMNS), sharedBytes(x, k), arguments);
    }

    @Override
    public void normSwiGlu(Tensor x, RmsGain norm, Tensor gate, Tensor up, Tensor out) {
        int n = gate.extent(0);
        List<Object> arguments = new ArrayList<>(norm(x, norm));
        arguments.addAll(List.of(gate, up, n, out));
        launch("norm_swiglu", x, Math.ceilDiv(n, COLUMNS), sharedBytes(x, x.extent(1)), arguments);
    }

    @Override
    public void linearAdd(Tensor x, AffineLayer layer, Tensor residual, Tensor out) {
        int k = x.extent(1);
        int n = out.extent(1);
        boolean isLong = k >= LONG_COLUMN;
        launch(
                isLong ? "linear_add_long" : "linear_add",
                x,
                Math.ceilDiv(n, isLong ? LONG_COLUMNS : COLUMNS),
                0,
                Arrays.asList(x, layer.weight(), layer.bias().orElse(null), residual, x.extent(0), k, n, out));
    }

    @Override
    public void rotateAndAppend(
            Tensor q,
            Optional<RmsGain> qNorm,
            Tensor k,
            Optional<RmsGain> kNorm,
            Tensor v,
            Rotation rotation,
            CachedRows rows,
            Tensor out) {
        CudaKvCache cache = CudaAttention.of(engine, rows.cache());
        int[] slots = cache.slots(rows.sequences());
        float qEpsilon = qNorm.map(RmsGain::epsilon).orElse(0f);
        float epsilon = kNorm.map(RmsGain::epsilon).orElse(qEpsilon);
        if (slots == null || (qNorm.isPresent() && qEpsilon != epsilon)) {
            separate.rotateAndAppend(q, qNorm, k, kNorm, v, rotation, rows, out);
            return;
        }
        int count = q.extent(0);
        int headDim = cache.headDim(rows.layer());
        int kvHeads = cache.kvHeads(rows.layer());
        int heads = q.extent(1) / headDim;
        engine.launch(
                CudaEngine.typed("rotate_append", q.dtype()),
                Math.ceilDiv(count * (heads + 2 * kvHeads), ROTATED_HEADS),
                1,
                32 * ROTATED_HEADS,
                q,
                k,
                v,
                qNorm.map(RmsGain::gain).orElse(null),
                kNorm.map(RmsGain::gain).orElse(null),
                epsilon,
                rotation.cos(),
                rotation.sin(),
                rotation.positions(),
                slots,
                count,
                heads,
                kvHeads,
                headDim,
                cache.keys(rows.layer()),
                cache.values(rows.layer()),
                out);
    }

    private static List<Object> norm(Tensor x, RmsGain norm) {
        return List.of(x, norm.gain(), norm.epsilon(), x.extent(0), x.extent(1));
    }

    private static int compiledRows(Tensor x) {
        return x.extent(0) == 1 ? 1 : MOST_ROWS;
    }

    private static int sharedBytes(Tensor x, int k) {
        return compiledRows(x) * k * x.dtype().bytes();
    }

    private void launch(String family, Tensor x, int blocks, int sharedBytes, List<Object> arguments) {
        if (x.extent(0) > MOST_ROWS) {
            throw new IllegalArgumentException(family + " is compiled for up to " + MOST_ROWS + " rows, x is " + x);
        }
        engine.launchShared(
                CudaEngine.typed(family, x.dtype()) + "_" + compiledRows(x),
                x.extent(0) == 0 ? 0 : blocks,
                1,
                THREADS,
                sharedBytes,
                arguments.toArray());
    }
}
