// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.graphs;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.driver.CudaException;
import dev.jacobian.tensor.cuda.engine.CudaArray;
import dev.jacobian.tensor.cuda.engine.CudaArray.View;
import dev.jacobian.tensor.cuda.engine.CudaEngine;
import dev.jacobian.tensor.cuda.engine.Places;
import dev.jacobian.tensor.cuda.engine.RowGroups;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/**
 * All that changes from one run of a {@link ReplayStep} to the next, in memory of its own on the device: the integers, one
 * array behind the other; behind them the {@link RowGroups} of each, filled where the body asked for them; and the numbers.
 */
final class ReplayInputs {
    private final int[] lengths; // of each array
    private final int[] groupStarts; // where the groups of each begin
    private final boolean[] grouped; // whether the body adds rows by it
    private final CudaArray array;
    private final Tensor numbers; // [n]

    /** Memory for integers as long as these and so many numbers; empty if there is too little. */
    static Optional<ReplayInputs> allocated(CudaEngine engine, List<int[]> integers, int numbers) {
        engine.run(() -> {}); // throws what failed before, which is not to be taken for this
        ReplayInputs inputs = new ReplayInputs(engine, integers, numbers);
        try {
            engine.run(() -> {});
            return Optional.of(inputs);
        } catch (CudaException refused) {
            inputs.close();
            if (refused.isOutOfMemory()) {
                return Optional.empty();
            }
            throw refused;
        }
    }

    private ReplayInputs(CudaEngine engine, List<int[]> integers, int numbers) {
        int count = integers.size();
        lengths = integers.stream().mapToInt(values -> values.length).toArray();
        groupStarts = new int[count];
        grouped = new boolean[count];
        int end = 0;
        for (int length : lengths) {
            end = Math.addExact(end, length);
        }
        for (int i = 0; i < count; i++) {
            groupStarts[i] = end;
            end = Math.addExact(end, RowGroups.packedLength(lengths[i]));
        }
        array = new CudaArray(engine, DType.I32, end, true);
        this.numbers = Tensor.zeros(engine.device(), DType.F32, Shape.of(numbers));
    }

    /** The numbers, [n]. */
    Tensor numbers() {
        return numbers;
    }

    /** Where kernels find arrays that stand for the integers of all runs. */
    Places places(List<int[]> integers) {
        Places places = new Places();
        int at = 0;
        for (int i = 0; i < lengths.length; i++) {
            int which = i;
            places.put(integers.get(i), new View(array, at));
            places.putGroups(integers.get(i), () -> {
                grouped[which] = true;
                return RowGroups.packed(new View(array, groupStarts[which]), lengths[which]);
            });
            at += lengths[i];
        }
        return places;
    }

    /** A task for the dispatcher that fills everything; the arrays may change as soon as this returns. */
    Runnable upload(List<int[]> integers, float[] values) {
        if (integers.size() != lengths.length || values.length != numbers.elements()) {
            throw otherLengths();
        }
        int[] packed = pack(integers);
        float[] copy = values.clone();
        return () -> {
            CudaEngine engine = array.engine();
            engine.upload(MemorySegment.ofArray(packed), array.block(), 0);
            if (copy.length > 0) {
                engine.upload(MemorySegment.ofArray(copy), ((CudaArray) numbers.deviceArray()).block(), 0);
            }
        };
    }

    private int[] pack(List<int[]> integers) {
        int used = 0;
        for (int i = 0; i < lengths.length; i++) {
            if (integers.get(i).length != lengths[i]) {
                throw otherLengths();
            }
            used = grouped[i] ? groupStarts[i] + RowGroups.packedLength(lengths[i]) : Math.max(used, groupStarts[0]);
        }
        int[] packed = new int[used];
        int at = 0;
        for (int i = 0; i < lengths.length; i++) {
            System.arraycopy(integers.get(i), 0, packed, at, lengths[i]);
            at += lengths[i];
            if (grouped[i]) {
                RowGroups.pack(integers.get(i), packed, groupStarts[i]);
            }
        }
        return packed;
    }

    private static IllegalArgumentException otherLengths() {
        return new IllegalArgumentException(
                "a computation is asked to be replayed with arrays of other lengths; make the lengths part of its"
                        + " shape");
    }

    void close() {
        array.close();
        numbers.close();
    }
}
