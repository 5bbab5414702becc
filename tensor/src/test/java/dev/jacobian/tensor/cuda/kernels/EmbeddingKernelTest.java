// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static dev.jacobian.tensor.Numbers.normal;
import static dev.jacobian.tensor.Numbers.wild;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.emulation.EmulatedMemory;
import dev.jacobian.tensor.cuda.emulation.KernelTestBase;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Rows of tables in every format, rounded or widened, and sums into rows in the order in which they came. */
class EmbeddingKernelTest extends KernelTestBase {
    private static final int TABLE = 9;

    /** Groups without rows, whose target is no row of any table: whoever read or wrote it would crash. */
    private static final int EMPTY_GROUPS = 3;

    private static final int NOWHERE = 1 << 30;

    @Test
    void rowsOfEveryFormatIntoEveryFormat() {
        for (int d : new int[] {1, 31, 260, 264}) {
            int[] rows = IntStream.range(0, 14).map(i -> rng.nextInt(TABLE)).toArray();
            for (DType from : new DType[] {DType.F32, DType.BF16, DType.F16}) {
                Tensor table = rounded(wild(rng, TABLE, d), from);
                Tensor expected = Tensor.zeros(rows.length, d);
                reference.rows().gatherRows(table, rows, expected);
                for (DType to : TYPES) {
                    String kernel = "gather_rows" + suffix(from) + (from == to ? "" : "_to" + suffix(to));
                    EmulatedMemory out = device.allocate(to, rows.length * d);
                    device.launch(kernel, rows.length, 1, 256, device.copy(table, from), device.copy(rows), d, out);
                    assertSame(out, expected, to, kernel);
                }
            }
        }
    }

    @Test
    void sumsInTheOrderOfTheRows() {
        for (String kernel : new String[] {"f32", "bf16", "bf16_to_f32"}) {
            DType type = kernel.startsWith("bf16") ? DType.BF16 : DType.F32;
            DType sumType = kernel.equals("bf16") ? DType.BF16 : DType.F32;
            for (int count : new int[] {1, 5, 60}) {
                int d = count == 5 ? 264 : 1 + rng.nextInt(280);
                int[] rows =
                        IntStream.range(0, count).map(i -> rng.nextInt(TABLE)).toArray();
                Tensor x = rounded(normal(rng, count, d), type);
                Tensor expected = rounded(normal(rng, TABLE, d), sumType);
                EmulatedMemory table = device.copy(expected, sumType);
                reference.rows().scatterAddRows(x, rows, expected);

                int[] order = IntStream.range(0, count)
                        .boxed()
                        .sorted(Comparator.comparingInt(i -> rows[i])) // stable
                        .mapToInt(i -> i)
                        .toArray();
                int[] targets = Arrays.stream(rows).sorted().distinct().toArray();
                int[] starts = IntStream.rangeClosed(0, targets.length)
                        .map(t -> (int) Arrays.stream(rows)
                                .filter(row -> t == targets.length || row < targets[t])
                                .count())
                        .toArray();
                device.launch(
                        "scatter_add_rows_" + kernel,
                        targets.length + EMPTY_GROUPS,
                        1,
                        256,
                        device.copy(x, type),
                        device.copy(order),
                        device.copy(withEmptyGroups(starts, count)),
                        device.copy(withEmptyGroups(targets, NOWHERE)),
                        d,
                        table);
                assertSame(table, rounded(expected, sumType), sumType, count + " rows of " + d + " " + kernel);
            }
        }
    }

    private static int[] withEmptyGroups(int[] values, int value) {
        int[] more = Arrays.copyOf(values, values.length + EMPTY_GROUPS);
        Arrays.fill(more, values.length, more.length, value);
        return more;
    }
}
