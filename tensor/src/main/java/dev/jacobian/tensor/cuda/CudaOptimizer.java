// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda;

import dev.jacobian.tensor.Backend.AdamWStep;
import dev.jacobian.tensor.Backend.AdamWTensors;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.CudaArray.View;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/** The optimizer's kernels: all tensors of a step in one launch, and the norm of all gradients with one wait. */
final class CudaOptimizer {
    /** Elements that one block updates. */
    private static final int PIECE = 1 << 14;

    /** Elements that one block sums the squares of, and those that make one partial sum. */
    private static final int SQUARES_PER_BLOCK = 1 << 16;

    private static final int SQUARES_PER_SUM = 4096;

    /** Longs that describe a tensor: see {@code adamw.cu}. */
    private static final int FIELDS = 6;

    private final CudaEngine engine;

    CudaOptimizer(CudaEngine engine) {
        this.engine = engine;
    }

    /** One step of all tensors. */
    void adamW(List<AdamWTensors> all, AdamWStep step) {
        List<AdamWTensors> filled =
                all.stream().filter(one -> one.parameter().elements() > 0).toList();
        if (filled.isEmpty()) {
            return;
        }
        View[][] views = filled.stream()
                .map(one -> new View[] {
                    View.of(engine, one.parameter()),
                    View.of(engine, one.gradient()),
                    View.of(engine, one.m()),
                    View.of(engine, one.v())
                })
                .toArray(View[][]::new);
        int pieces = filled.stream()
                .mapToInt(one -> Math.ceilDiv(one.parameter().elements(), PIECE))
                .sum();
        int[] pieceTensors = new int[pieces];
        long[] pieceStarts = new long[pieces];
        int at = 0;
        for (int t = 0; t < filled.size(); t++) {
            for (long from = 0; from < filled.get(t).parameter().elements(); from += PIECE) {
                pieceTensors[at] = t;
                pieceStarts[at++] = from;
            }
        }
        float[] decays = new float[filled.size()];
        Arrays.fill(decays, step.decay());
        engine.post(() -> {
            long[] tensors = new long[FIELDS * views.length];
            for (int t = 0; t < views.length; t++) {
                for (int i = 0; i < views[t].length; i++) {
                    tensors[FIELDS * t + i] = views[t][i].address();
                }
                tensors[FIELDS * t + FIELDS - 1] = filled.get(t).parameter().elements();
            }
            try (DeviceBlock table = uploaded(MemorySegment.ofArray(tensors));
                    DeviceBlock starts = uploaded(MemorySegment.ofArray(pieceStarts));
                    DeviceBlock ofTensors = uploaded(MemorySegment.ofArray(decays));
                    DeviceBlock scale = uploaded(MemorySegment.ofArray(new float[] {step.gradientScale()}))) {
                engine.launchNow(
                        "adamw_f32",
                        pieces,
                        1,
                        256,
                        0,
                        table,
                        pieceTensors,
                        starts,
                        PIECE,
                        ofTensors,
                        scale,
                        (float) (1 - step.beta1()),
                        (float) step.beta2(),
                        (float) (1 - step.beta2()),
                        step.stepSize(),
                        step.inverseRootCorrection(),
                        step.epsilon());
            }
        });
    }

    private DeviceBlock uploaded(MemorySegment values) {
        DeviceBlock block = engine.scratch(values.byteSize(), "the optimizer's tables");
        engine.upload(values, block, 0);
        return block;
    }

    /** Σ x² of each tensor in the reference's order, the tensors' sums added in order; waits for the device. */
    double sumOfSquares(List<Tensor> tensors) {
        View[] views = tensors.stream().map(x -> View.of(engine, x)).toArray(View[]::new);
        double[] sums = new double[views.length];
        if (sums.length == 0) {
            return 0;
        }
        engine.run(() -> {
            try (DeviceBlock results = engine.scratch((long) Double.BYTES * sums.length, "sums of squares")) {
                for (int i = 0; i < views.length; i++) {
                    ofOne(views[i], tensors.get(i), results.address() + (long) Double.BYTES * i);
                }
                engine.download(results, 0, MemorySegment.ofArray(sums));
            }
        });
        double sum = 0;
        for (double one : sums) {
            sum += one;
        }
        return sum;
    }

    private void ofOne(View x, Tensor tensor, long into) {
        long n = tensor.elements();
        long partial = Math.max(1, Math.ceilDiv(n, (long) SQUARES_PER_SUM));
        try (DeviceBlock sums = engine.scratch(Double.BYTES * partial, "partial sums of squares")) {
            if (n > 0) {
                engine.launchNow(
                        CudaEngine.typed("sum_of_squares", x.dtype()),
                        (int) Math.ceilDiv(n, (long) SQUARES_PER_BLOCK),
                        1,
                        256,
                        0,
                        x,
                        n,
                        sums);
            }
            engine.launchNow("sum_in_order_f64", 1, 1, 256, 0, sums, n == 0 ? 0L : partial, into);
        }
    }
}
