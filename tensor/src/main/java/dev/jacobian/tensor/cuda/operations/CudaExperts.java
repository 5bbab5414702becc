// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.ExpertKernels;
import dev.jacobian.tensor.ExpertOrder;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.SigmoidRouter;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.driver.DeviceBlock;
import dev.jacobian.tensor.cuda.engine.CudaArray.View;
import dev.jacobian.tensor.cuda.engine.CudaEngine;

/**
 * Mixture of experts. The host knows how many pairs there are and starts blocks for the worst case; which expert has how many
 * rows stays on the device.
 */
public final class CudaExperts implements ExpertKernels {
    private static final int THREADS = 256;

    /** A thread each counts an expert's pairs. */
    private static final int MOST_EXPERTS = THREADS;

    /** Tokens or pairs of a block where sixteen threads share one. */
    private static final int ROWS = 16;

    /** Pairs that a block counts and sorts. */
    private static final int CHUNK = 1024;

    /** Numbers of BF16 that are copied at once in products. */
    private static final int RUN = 8;

    private final CudaEngine engine;

    public CudaExperts(CudaEngine engine) {
        this.engine = engine;
    }

    @Override
    public int maxExperts() {
        return MOST_EXPERTS;
    }

    @Override
    public void route(Tensor logits, boolean normalize, Tensor chosen, Tensor weights) {
        requireExperts(logits.extent(1));
        engine.launch(
                CudaEngine.typed("moe_route", logits.dtype()),
                Math.ceilDiv(logits.extent(0), ROWS),
                1,
                THREADS,
                logits,
                logits.extent(0),
                logits.extent(1),
                chosen.extent(1),
                normalize ? 1 : 0,
                chosen,
                weights);
    }

    @Override
    public void routeBackward(Tensor logits, boolean normalize, Tensor chosen, Tensor dWeights, Tensor dLogits) {
        engine.launch(
                CudaEngine.typed("moe_route_backward", logits.dtype()),
                Math.ceilDiv(logits.extent(0), ROWS),
                1,
                THREADS,
                logits,
                chosen,
                dWeights,
                logits.extent(0),
                logits.extent(1),
                chosen.extent(1),
                normalize ? 1 : 0,
                dLogits);
    }

    @Override
    public void routeBySigmoid(
            Tensor logits, @Nullable Tensor correction, SigmoidRouter form, Tensor chosen, Tensor weights) {
        requireExperts(logits.extent(1));
        engine.launch(
                CudaEngine.typed("moe_route_sigmoid", logits.dtype()),
                Math.ceilDiv(logits.extent(0), ROWS),
                1,
                THREADS,
                logits,
                correction,
                logits.extent(0),
                logits.extent(1),
                chosen.extent(1),
                form.normalize() ? 1 : 0,
                form.scale(),
                form.groups(),
                form.keptGroups(),
                chosen,
                weights);
    }

    @Override
    public void routeBySigmoidBackward(
            Tensor logits, SigmoidRouter form, Tensor chosen, Tensor dWeights, Tensor dLogits) {
        engine.launch(
                CudaEngine.typed("moe_route_sigmoid_backward", logits.dtype()),
                Math.ceilDiv(logits.extent(0), THREADS),
                1,
                THREADS,
                logits,
                chosen,
                dWeights,
                logits.extent(0),
                logits.extent(1),
                chosen.extent(1),
                form.normalize() ? 1 : 0,
                form.scale(),
                dLogits);
    }

    private static void requireExperts(int experts) {
        if (experts > MOST_EXPERTS) {
            throw new IllegalArgumentException("a GPU routes among up to " + MOST_EXPERTS + " experts, the model has "
                    + experts + "; use the CPU");
        }
    }

    @Override
    public void order(Tensor chosen, ExpertOrder into) {
        int experts = into.experts();
        requireExperts(experts);
        int pairs = into.pairs();
        int chunks = Math.ceilDiv(pairs, CHUNK);
        View from = View.of(engine, chosen);
        View offsets = View.of(engine, into.offsets());
        View rowOfPair = View.of(engine, into.rowOfPair());
        View tokenOfRow = View.of(engine, into.tokenOfRow());
        View tiles = View.of(engine, into.tiles());
        int maxTiles = into.tiles().extent(0);
        engine.post(() -> {
            try (DeviceBlock counts =
                    engine.scratch((long) Integer.BYTES * Math.max(1, chunks) * experts, "experts' pairs")) {
                if (chunks > 0) {
                    engine.launchNow("moe_count", chunks, 1, THREADS, 0, from, pairs, experts, counts);
                }
                engine.launchNow("moe_offsets", 1, 1, THREADS, 0, counts, chunks, experts, offsets, tiles, maxTiles);
                if (chunks > 0) {
                    engine.launchNow(
                            "moe_order",
                            chunks,
                            1,
                            THREADS,
                            0,
                            from,
                            counts,
                            pairs,
                            experts,
                            into.perToken(),
                            rowOfPair,
                            tokenOfRow);
                }
            }
        });
    }

    @Override
    public void spread(Tensor x, ExpertOrder order, Tensor rows) {
        if (rows.elements() > 0) {
            engine.launch(
                    "gather_rows_" + CudaEngine.fromTo(x.dtype(), rows.dtype()),
                    order.pairs(),
                    1,
                    THREADS,
                    x,
                    order.tokenOfRow(),
                    x.extent(1),
                    rows);
        }
    }

    @Override
    public void combine(Tensor rows, ExpertOrder order, @Nullable Tensor weights, Tensor out) {
        if (out.elements() > 0) {
            engine.launch(
                    CudaEngine.typed("moe_combine", rows.dtype()),
                    out.extent(0),
                    1,
                    THREADS,
                    rows,
                    order.rowOfPair(),
                    weights,
                    order.perToken(),
                    out.extent(1),
                    out);
        }
    }

    @Override
    public void combineBackward(
            Tensor dOut, Tensor rows, ExpertOrder order, Tensor weights, Tensor dRows, Tensor dWeights) {
        engine.launch(
                CudaEngine.typed("moe_combine_backward", rows.dtype()),
                Math.ceilDiv(order.pairs(), ROWS),
                1,
                THREADS,
                dOut,
                rows,
                order.rowOfPair(),
                weights,
                order.pairs(),
                order.perToken(),
                dOut.extent(1),
                dRows,
                dWeights);
    }

    @Override
    public void groupedMatmul(Tensor x, Tensor weights, ExpertOrder order, Tensor out) {
        multiplyRows("grouped_matmul", x, weights, order, out);
    }

    @Override
    public void groupedInputGradient(Tensor dOut, Tensor weights, ExpertOrder order, Tensor dX) {
        multiplyRows("grouped_matmul_input_gradient", dOut, weights, order, dX);
    }

    private void multiplyRows(String family, Tensor from, Tensor weights, ExpertOrder order, Tensor to) {
        requireRuns(weights);
        if (to.elements() > 0) {
            engine.launch(
                    CudaEngine.typed(family, from.dtype()),
                    order.tiles().extent(0),
                    Math.ceilDiv(to.extent(1), ExpertOrder.TILE),
                    THREADS,
                    from,
                    weights,
                    order.tiles(),
                    order.offsets(),
                    weights.extent(1),
                    weights.extent(2),
                    to);
        }
    }

    @Override
    public void groupedWeightGradient(Tensor dOut, Tensor x, ExpertOrder order, Tensor dWeights) {
        int m = dWeights.extent(1);
        int k = dWeights.extent(2);
        if (order.pairs() > 0 && m > 0 && k > 0) {
            engine.launch(
                    CudaEngine.typed("grouped_matmul_weight_gradient", x.dtype()),
                    Math.ceilDiv(m, ExpertOrder.TILE) * Math.ceilDiv(k, ExpertOrder.TILE),
                    order.experts(),
                    THREADS,
                    dOut,
                    x,
                    order.offsets(),
                    m,
                    k,
                    dWeights,
                    1);
        }
    }

    @Override
    public void addBiases(Tensor rows, Tensor biases, ExpertOrder order) {
        if (rows.elements() > 0) {
            engine.launch(
                    CudaEngine.typed("moe_add_biases", rows.dtype()),
                    order.tiles().extent(0),
                    1,
                    THREADS,
                    biases,
                    order.tiles(),
                    order.offsets(),
                    rows.extent(1),
                    rows);
        }
    }

    @Override
    public void biasesGradient(Tensor dOut, ExpertOrder order, Tensor dBiases) {
        int m = dOut.extent(1);
        engine.launch(
                CudaEngine.typed("moe_biases_gradient", dOut.dtype()),
                Math.ceilDiv(m, THREADS),
                order.experts(),
                THREADS,
                dOut,
                order.offsets(),
                m,
                dBiases);
    }

    private static void requireRuns(Tensor weights) {
        if (weights.dtype() == DType.BF16 && (weights.extent(1) % RUN != 0 || weights.extent(2) % RUN != 0)) {
            throw new IllegalArgumentException("products with experts in BF16 need widths that are multiples of " + RUN
                    + ", the weights are " + weights + "; compute in F32");
        }
    }
}
