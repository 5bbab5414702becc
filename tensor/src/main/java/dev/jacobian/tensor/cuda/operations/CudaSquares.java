// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.driver.DeviceBlock;
import dev.jacobian.tensor.cuda.engine.CudaArray.View;
import dev.jacobian.tensor.cuda.engine.CudaEngine;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Sums of squares of many tensors at once, the norm of all gradients, with one wait. */
final class CudaSquares {
    /** Elements that one block sums the squares of, and the sums that it leaves: see {@code squares.cu}. */
    private static final int SQUARES_PIECE = 1 << 16;

    private static final int SUMS_PER_PIECE = 16;
    private static final int SQUARES_FIELDS = 3;

    private final CudaEngine engine;

    CudaSquares(CudaEngine engine) {
        this.engine = engine;
    }

    /** The pieces of one type: the tensors that they are of, and the number of the first among all pieces. */
    private record Squares(String kernel, int first, int[] tensors) {}

    /**
     * Σ x² of each tensor in the reference's order, the tensors' sums added in order; waits for the device. One launch for each
     * type that there is, and one that adds up what they leave.
     */
    double sum(List<Tensor> tensors) {
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
            try (DeviceBlock described = engine.scratch((long) Long.BYTES * table.length, "the gradients' table");
                    DeviceBlock partials = engine.scratch(Double.BYTES * partial, "partial sums of squares");
                    DeviceBlock results = engine.scratch((long) Double.BYTES * sums.length, "sums of squares")) {
                engine.upload(MemorySegment.ofArray(table), described, 0);
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
