// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda;

import dev.jacobian.tensor.Backend.AdamWStep;
import dev.jacobian.tensor.Backend.AdamWTensors;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.CudaArray.View;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** The optimizer's kernels: all tensors of a step in one launch, and the norm of all gradients with one wait. */
final class CudaOptimizer {
    /** Elements that one block updates. */
    private static final int PIECE = 1 << 14;

    /** Elements that one block sums the squares of, and the sums that it leaves: see {@code squares.cu}. */
    private static final int SQUARES_PIECE = 1 << 16;

    private static final int SUMS_PER_PIECE = 16;
    private static final int SQUARES_FIELDS = 3;

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

    /** The pieces of one type: the tensors that they are of, and the number of the first among all pieces. */
    private record Squares(String kernel, int first, int[] tensors) {}

    /**
     * Σ x² of each tensor in the reference's order, the tensors' sums added in order; waits for the device. One launch for each
     * type that there is, and one that adds up what they leave.
     */
    double sumOfSquares(List<Tensor> tensors) {
        View[] views = tensors.stream().map(x -> View.of(engine, x)).toArray(View[]::new);
        double[] sums = new double[views.length];
        if (sums.length == 0) {
            return 0;
        }
        int[] pieces = tensors.stream()
                .mapToInt(x -> Math.ceilDiv(x.elements(), SQUARES_PIECE))
                .toArray();
        int[] first = new int[views.length];
        List<Squares> launches = new ArrayList<>();
        int all = 0;
        for (DType type : tensors.stream().map(Tensor::dtype).distinct().toList()) {
            int begin = all;
            IntStream.Builder ofPieces = IntStream.builder();
            for (int t = 0; t < views.length; t++) {
                if (tensors.get(t).dtype() == type) {
                    first[t] = all;
                    all += pieces[t];
                    for (int i = 0; i < pieces[t]; i++) {
                        ofPieces.add(t);
                    }
                }
            }
            launches.add(new Squares(
                    CudaEngine.typed("sum_of_squares", type),
                    begin,
                    ofPieces.build().toArray()));
        }
        long partial = (long) all * SUMS_PER_PIECE;
        engine.run(() -> {
            long[] table = new long[SQUARES_FIELDS * views.length];
            for (int t = 0; t < views.length; t++) {
                table[SQUARES_FIELDS * t] = views[t].address();
                table[SQUARES_FIELDS * t + 1] = tensors.get(t).elements();
                table[SQUARES_FIELDS * t + 2] = first[t];
            }
            try (DeviceBlock described = uploaded(MemorySegment.ofArray(table));
                    DeviceBlock partials = engine.scratch(Double.BYTES * partial, "partial sums of squares");
                    DeviceBlock results = engine.scratch((long) Double.BYTES * sums.length, "sums of squares")) {
                for (Squares launch : launches) {
                    int blocks = launch.tensors.length;
                    if (blocks > 0) {
                        engine.launchNow(
                                launch.kernel, blocks, 1, 256, 0, described, launch.tensors, launch.first, partials);
                    }
                }
                engine.launchNow("sum_in_order_f64", sums.length, 1, 256, 0, described, partials, results);
                engine.download(results, 0, MemorySegment.ofArray(sums));
            }
        });
        double sum = 0;
        for (double one : sums) {
            sum += one;
        }
        return sum;
    }
}
