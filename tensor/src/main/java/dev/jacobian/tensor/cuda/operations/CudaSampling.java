// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.SamplingFilters;
import dev.jacobian.tensor.SamplingKernels;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.TokenChoice;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.tensor.cuda.engine.CudaArray;
import dev.jacobian.tensor.cuda.engine.CudaArray.View;
import dev.jacobian.tensor.cuda.engine.CudaEngine;
import dev.jacobian.tensor.cuda.transfer.Readback;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Choosing tokens from logits [R, V] on the device: only the tokens cross the bus. Given the same logits they are the CPU's,
 * with the counter-based generator and the reference's order of sums.
 */
public final class CudaSampling implements SamplingKernels {
    private static final int THREADS = 256;

    private final CudaEngine engine;

    public CudaSampling(CudaEngine engine) {
        this.engine = engine;
    }

    @Override
    public int[] argmax(Tensor logits) {
        return tokens(logits, into -> launchArgmax(logits, into));
    }

    @Override
    public int[] sample(Tensor logits, float inverseTemperature, long seed, int[] coordinates) {
        return tokens(logits, into -> launchSample(logits, inverseTemperature, seed, coordinates, into));
    }

    @Override
    public int[] sample(Tensor logits, SamplingFilters filters, long seed, int[] coordinates) {
        return tokens(logits, into -> launchSample(logits, filters, seed, coordinates, into));
    }

    private void launchArgmax(Tensor logits, View into) {
        launchByRows("argmax", logits, logits, logits.extent(1), into);
    }

    private void launchSample(Tensor logits, float inverseTemperature, long seed, int[] coordinates, View into) {
        launchByRows("sample", logits, logits, logits.extent(1), inverseTemperature, seed, coordinates, into);
    }

    private void launchSample(Tensor logits, SamplingFilters filters, long seed, int[] coordinates, View into) {
        CudaArray filtered = new CudaArray(engine, DType.F32, logits.elements(), true); // [R, V]
        try {
            launchByRows(
                    "sample_filtered",
                    logits,
                    logits,
                    logits.extent(1),
                    filters.temperature(),
                    filters.topK(),
                    filters.topP(),
                    filters.minP(),
                    seed,
                    coordinates,
                    new View(filtered, 0),
                    into);
        } finally {
            filtered.close();
        }
    }

    private void launchByRows(String family, Tensor logits, @Nullable Object... arguments) {
        engine.launch(CudaEngine.typed(family, logits.dtype()), logits.extent(0), 1, THREADS, arguments);
    }

    @Override
    public Tensor penalize(Tensor logits, int[][] seen, float penalty) {
        int[] starts = new int[seen.length + 1]; // [R + 1]
        for (int r = 0; r < seen.length; r++) {
            starts[r + 1] = starts[r] + seen[r].length;
        }
        int[] all = Arrays.stream(seen).flatMapToInt(Arrays::stream).toArray();
        Tensor out = Workspace.floatsBeside(logits, logits.extent(0), logits.extent(1)); // [R, V]
        engine.launch(
                CudaEngine.typed("penalize", logits.dtype()),
                seen.length,
                1,
                THREADS,
                logits,
                logits.extent(1),
                penalty,
                all,
                starts,
                new int[1], // no tokens but those
                new int[seen.length],
                1,
                out);
        return out;
    }

    /** Launches a kernel that writes a token for each row, and waits for them. */
    private int[] tokens(Tensor logits, Consumer<View> kernel) {
        int[] tokens = new int[logits.extent(0)]; // [R]
        CudaArray onDevice = new CudaArray(engine, DType.I32, tokens.length, true);
        try {
            kernel.accept(new View(onDevice, 0));
            onDevice.read(0, tokens, 0, tokens.length);
            return tokens;
        } finally {
            onDevice.close();
        }
    }

    @Override
    public TokenChoice choose(Tensor logits, Tensor shaped, TokenChoice.Rule rule) {
        int rows = logits.extent(0);
        TokenChoice choice = new TokenChoice(new int[rows], new float[rows]);
        CudaArray tokens = new CudaArray(engine, DType.I32, rows, true); // [R]
        CudaArray logProbs = new CudaArray(engine, DType.F32, rows, true); // [R]
        CudaArray stats = new CudaArray(engine, DType.F32, 2 * rows, true); // [R, 2]
        try {
            View chosen = new View(tokens, 0);
            if (rule.likeliest()) {
                launchArgmax(shaped, chosen);
            } else if (rule.filters().isPresent()) {
                launchSample(shaped, rule.filters().get(), rule.seed(), rule.coordinates(), chosen);
            } else {
                launchSample(shaped, rule.inverseTemperature(), rule.seed(), rule.coordinates(), chosen);
            }
            launchByRows(
                    "log_probs",
                    logits,
                    logits,
                    logits.extent(1),
                    rule.inverseTemperature(),
                    chosen,
                    new View(logProbs, 0),
                    null,
                    new View(stats, 0));
            engine.run(() -> {
                Readback first = engine.startDownload(tokens.block(), MemorySegment.ofArray(choice.tokens()));
                Readback second = engine.startDownload(logProbs.block(), MemorySegment.ofArray(choice.logProbs()));
                first.await();
                second.await();
            });
            return choice;
        } finally {
            tokens.close();
            logProbs.close();
            stats.close();
        }
    }
}
