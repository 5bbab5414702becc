// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import static dev.jacobian.tensor.Numbers.assertSameBits;
import static dev.jacobian.tensor.Numbers.normal;
import static dev.jacobian.tensor.Numbers.strided;
import static dev.jacobian.tensor.Numbers.wild;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Products with weights in every format: the same numbers as the reference, and by its one sentence of specification the
 * bits of the F32 product with the unpacked matrix.
 */
class WeightFormatConformanceTest {
    private final Backend tested = TestedBackend.get();
    private final Backend reference = Backends.reference();
    private final int threads = ComputePool.threads();

    @AfterEach
    void restoreThreads() {
        ComputePool.setThreads(threads);
    }

    private void check(Tensor a, Tensor b, WeightFormat format, boolean accumulate, Rng rng) {
        Tensor expected = normal(rng, a.extent(0), b.extent(1)); // [M, N]
        Tensor actual = expected.copy(); // [M, N]
        Tensor unpackedFirst = expected.copy(); // [M, N]
        String what = format + " on " + tested.name() + " [" + a.extent(0) + ", " + a.extent(1) + "] x [" + b.extent(0)
                + ", " + b.extent(1) + "]" + (accumulate ? ", accumulating" : "");
        PackedMatrix packed = tested.matrices().pack(b, format);
        PackedMatrix specified = reference.matrices().pack(b, format);
        Tensor unpacked = tested.matrices().unpack(packed); // [K, N]
        assertThat(packed.format()).isEqualTo(format);
        assertSameBits(unpacked, reference.matrices().unpack(specified), what + ", unpacked");
        reference.matrices().matmul(a, specified, expected, accumulate);
        tested.matrices().matmul(a, packed, actual, accumulate);
        tested.matrices().matmul(a, unpacked, unpackedFirst, accumulate);
        assertSameBits(actual, expected, what);
        assertSameBits(unpackedFirst, expected, what + ", with the unpacked matrix");
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.MATCH_NONE, names = ".*_K")
    void everyTailOfRowsAndColumns(WeightFormat format) {
        Rng rng = new Rng(51, format.ordinal());
        for (int m = 0; m <= 17; m++) {
            for (int n : new int[] {0, 1, 3, 4, 5, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 97, 130}) {
                check(strided(rng, m, 37, false), strided(rng, 37, n, false), format, rng.nextInt(2) == 0, rng);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.MATCH_NONE, names = ".*_K")
    void everyTailOfTheSum(WeightFormat format) {
        Rng rng = new Rng(52, format.ordinal());
        for (int k = 0; k <= 130; k++) {
            check(strided(rng, 1, k, false), strided(rng, k, 50, false), format, k % 2 == 0, rng);
            check(strided(rng, 5, k, false), strided(rng, k, 70, false), format, k % 2 == 1, rng);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "1,2000,640",
        "1,130,4000",
        "2,700,300",
        "9,500,513",
        "130,300,290",
        "200,17,700",
        "5,70,2105",
        "29,100,1100"
    })
    void blocksOfEverySideOnSeveralThreads(int m, int n, int k) {
        for (WeightFormat format : WeightFormat.made()) {
            Rng rng = new Rng(53, m);
            for (int count : new int[] {1, 2, 3, 16}) {
                ComputePool.setThreads(count);
                check(strided(rng, m, k, false), strided(rng, k, n, false), format, count == 2, rng);
            }
        }
    }

    /** As a checkpoint stores it: packed without ever being F32. A GPU is given F32. */
    @ParameterizedTest
    @CsvSource({"BF16, BF16", "BF16, Q8_0", "BF16, Q4_0", "F16, BF16", "F16, Q8_0", "F16, Q4_0"})
    void sixteenBitsArePackedAsTheirValues(DType stored, WeightFormat format) {
        if (!TestedBackend.isCpu()) {
            return;
        }
        Rng rng = new Rng(56, format.ordinal());
        for (int k : new int[] {1, 31, 32, 65, 130}) {
            for (boolean transposed : new boolean[] {true, false}) {
                Tensor lying = normal(rng, 70, k).to(stored); // [N, K]
                Tensor b = transposed ? lying.t() : lying.t().contiguous(); // [K, N]
                for (Backend backend : new Backend[] {tested, reference}) {
                    assertSameBits(
                            backend.matrices().unpack(backend.matrices().pack(b, format)),
                            reference.matrices().unpack(reference.matrices().pack(b.to(DType.F32), format)),
                            stored + " as " + format + " on " + backend.name() + ", K = " + k);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.MATCH_NONE, names = ".*_K")
    void zerosKeepTheirSign(WeightFormat format) {
        // Every sum is a zero whose sign depends on each step: padding that added anything would show.
        for (int k : new int[] {1, 2, 31, 32, 33, 63, 65}) {
            Tensor a = Tensor.zeros(1, k);
            a.fill(-0f);
            Tensor b = Tensor.zeros(k, 9);
            b.fill(1f);
            Tensor expected = Tensor.zeros(1, 9);
            expected.fill(-0f);
            Tensor actual = expected.copy();
            tested.matrices().matmul(a, tested.matrices().pack(b, format), actual, true);
            assertSameBits(actual, expected, format + " with " + k + " steps");
        }
    }

    @Test
    void bfloat16HoldsNotANumberAndInfinities() {
        Rng rng = new Rng(54, 0);
        for (int i = 0; i < 60; i++) {
            int m = 1 + rng.nextInt(10);
            int n = 1 + rng.nextInt(70);
            int k = rng.nextInt(40);
            check(strided(rng, m, k, true), strided(rng, k, n, true), WeightFormat.BF16, i % 2 == 0, rng);
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.MATCH_NONE, names = ".*_K")
    void activationsMayBeAnything(WeightFormat format) {
        Rng rng = new Rng(55, 0);
        for (int i = 0; i < 40; i++) {
            int k = 1 + rng.nextInt(80);
            check(wild(rng, 1 + i % 3, k), strided(rng, k, 1 + rng.nextInt(70), false), format, i % 2 == 0, rng);
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.MATCH_NONE, names = ".*_K")
    void magnitudesFromSubnormalToTheLimit(WeightFormat format) {
        Rng rng = new Rng(56, 0);
        for (int exponent = -149; exponent <= 18; exponent++) {
            Tensor b = normal(rng, 64, 20); // [K, N]
            for (int i = 0; i < b.elements(); i++) {
                float limited = Math.clamp(b.floats()[b.offset() + i], -1.9f, 1.9f);
                b.floats()[b.offset() + i] = (float) (limited * Math.pow(2, exponent));
            }
            check(normal(rng, 1, 64), b, format, false, rng);
            check(normal(rng, 3, 64), b, format, false, rng);
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.MATCH_NONE, names = ".*_K")
    void aRowDoesNotDependOnItsBatch(WeightFormat format) {
        Rng rng = new Rng(57, 0);
        Tensor a = normal(rng, 120, 333); // [M, K]
        PackedMatrix packed = tested.matrices().pack(normal(rng, 333, 530), format);
        Tensor together = Tensor.zeros(120, 530); // [M, N]
        tested.matrices().matmul(a, packed, together, false);
        for (int count : new int[] {1, 2, 5}) {
            Tensor some = Tensor.zeros(count, 530);
            for (int row = 0; row + count <= 120; row += 17) {
                tested.matrices().matmul(a.slice(0, row, row + count), packed, some, false);
                assertSameBits(some, together.slice(0, row, row + count), format + ", row " + row);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.MATCH_NONE, names = ".*_K")
    void columnsUnpackOneByOneAsTogether(WeightFormat format) {
        Rng rng = new Rng(58, 0);
        Tensor b = strided(rng, 290, 150, false); // [K, N]
        PackedMatrix packed = tested.matrices().pack(b, format);
        Tensor all = tested.matrices().unpack(packed); // [K, N]
        for (int[] range : new int[][] {{0, 150}, {0, 1}, {149, 150}, {3, 70}, {60, 68}, {64, 128}, {100, 100}}) {
            Tensor part = Tensor.zeros(290, range[1] - range[0]);
            tested.matrices().unpack(packed, range[0], part);
            assertSameBits(part, all.slice(1, range[0], range[1]), format + ", columns from " + range[0]);
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.MATCH_NONE, names = ".*_K")
    void repackingLeavesNothingBehind(WeightFormat format) {
        Rng rng = new Rng(59, 0);
        PackedMatrix packed = tested.matrices().pack(normal(rng, 75, 70), format);
        Tensor next = strided(rng, 75, 70, false); // [K, N]
        tested.matrices().repack(next, packed);
        assertSameBits(
                tested.matrices().unpack(packed),
                tested.matrices().unpack(tested.matrices().pack(next, format)),
                format + " packed again");
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.MATCH_NONE, names = ".*_K")
    void coldAndHotGiveTheSameBits(WeightFormat format) {
        Rng rng = new Rng(60, 0);
        Tensor a = normal(rng, 3, 100); // [M, K]
        Tensor b = normal(rng, 100, 77); // [K, N]
        PackedMatrix packed = tested.matrices().pack(b, format);
        Tensor expected = Tensor.zeros(3, 77);
        reference.matrices().matmul(a, reference.matrices().pack(b, format), expected, false);
        Tensor out = Tensor.zeros(3, 77);
        Tensor one = Tensor.zeros(1, 77);
        for (int call = 0; call < 15_000; call++) {
            tested.matrices().matmul(a, packed, out, false);
            tested.matrices().matmul(a.slice(0, 1, 2), packed, one, false);
            if (call < 10 || call % 500 == 0) {
                assertSameBits(out, expected, "call " + call);
                assertSameBits(one, expected.slice(0, 1, 2), "one row, call " + call);
            }
        }
    }

    @Test
    void tablesOf16BitsAreWidened() {
        Rng rng = new Rng(61, 0);
        for (DType type : new DType[] {DType.BF16, DType.F16}) {
            Tensor table = normal(rng, 9, 45).to(type); // [T, D]
            int[] rows = {3, 0, 8, 3};
            Tensor expected = Tensor.zeros(4, 45);
            Tensor actual = Tensor.zeros(4, 45);
            reference.rows().gatherRows(table.to(DType.F32), rows, expected);
            tested.rows().gatherRows(table, rows, actual);
            assertSameBits(actual, expected, "vector " + type);
            reference.rows().gatherRows(table, rows, actual);
            assertSameBits(actual, expected, "reference " + type);
        }
    }
}
