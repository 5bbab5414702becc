// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import dev.jacobian.tensor.AdamWStep;
import dev.jacobian.tensor.cuda.driver.DeviceBlock;
import dev.jacobian.tensor.cuda.engine.CudaEngine;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * One launch of AdamW over many runs of elements, and the tables that its kernel reads.
 *
 * <p>All tables go up in one copy, because a step whose moments are in the host's memory has a launch every few megabytes.
 */
final class AdamWLaunch {
    /** Elements that one block updates. */
    private static final int PIECE = 1 << 14;

    /** Longs that describe a run: see {@code adamw.cu}. */
    private static final int FIELDS = 6;

    /** Elements one after another, with the addresses of the first of them. */
    record Run(long parameter, long gradient, long m, long v, long elements) {}

    private AdamWLaunch() {}

    /** Updates all runs in the stream's order; on the dispatcher's thread. */
    static void launch(CudaEngine engine, List<Run> runs, AdamWStep step) {
        int pieces = runs.stream()
                .mapToInt(run -> Math.toIntExact(Math.ceilDiv(run.elements, PIECE)))
                .sum();
        long runsAt = 0;
        long startsAt = runsAt + (long) Long.BYTES * FIELDS * runs.size();
        long piecesAt = startsAt + (long) Long.BYTES * pieces;
        long decaysAt = piecesAt + (long) Integer.BYTES * pieces;
        long scaleAt = decaysAt + (long) Float.BYTES * runs.size();
        MemorySegment tables = MemorySegment.ofArray(new long[(int) Math.ceilDiv(scaleAt + Float.BYTES, Long.BYTES)]);
        int piece = 0;
        for (int r = 0; r < runs.size(); r++) {
            Run run = runs.get(r);
            long[] fields = {run.parameter, run.gradient, run.m, run.v, 0, run.elements};
            for (int i = 0; i < FIELDS; i++) {
                tables.setAtIndex(ValueLayout.JAVA_LONG, (long) FIELDS * r + i, fields[i]);
            }
            tables.set(ValueLayout.JAVA_FLOAT, decaysAt + (long) Float.BYTES * r, step.decay());
            for (long from = 0; from < run.elements; from += PIECE) {
                tables.set(ValueLayout.JAVA_LONG, startsAt + (long) Long.BYTES * piece, from);
                tables.set(ValueLayout.JAVA_INT, piecesAt + (long) Integer.BYTES * piece, r);
                piece++;
            }
        }
        tables.set(ValueLayout.JAVA_FLOAT, scaleAt, step.gradientScale());
        try (DeviceBlock there = engine.scratch(tables.byteSize(), "the optimizer's tables")) {
            engine.upload(tables, there, 0);
            engine.launchNow(
                    "adamw_f32",
                    pieces,
                    1,
                    256,
                    0,
                    there.address() + runsAt,
                    there.address() + piecesAt,
                    there.address() + startsAt,
                    PIECE,
                    there.address() + decaysAt,
                    there.address() + scaleAt,
                    (float) (1 - step.beta1()),
                    (float) step.beta2(),
                    (float) (1 - step.beta2()),
                    step.stepSize(),
                    step.inverseRootCorrection(),
                    step.epsilon());
        }
    }
}
