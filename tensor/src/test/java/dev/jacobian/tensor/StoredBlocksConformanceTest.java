// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import static dev.jacobian.tensor.Numbers.assertSameBits;
import static dev.jacobian.tensor.Numbers.normal;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Weights that are held as a file has them: the numbers of its blocks, and the bits of the F32 product with those. */
class StoredBlocksConformanceTest {
    private final Backend tested = TestedBackend.get();
    private final Backend reference = Backends.reference();
    private final int threads = ComputePool.threads();

    @AfterEach
    void restoreThreads() {
        ComputePool.setThreads(threads);
    }

    static Stream<WeightFormat> formats() {
        return RandomBlocks.FORMATS.stream().filter(format -> TestedBackend.isCpu() || format.isMade());
    }

    private void check(Tensor a, QuantizedMatrix matrix, boolean accumulate, Rng rng) {
        int m = a.extent(0);
        Tensor expected = normal(rng, m, matrix.rows()); // [M, N]
        Tensor actual = expected.copy();
        Tensor unpackedFirst = expected.copy();
        String what = matrix + " on " + tested.name() + " with " + m + " rows" + (accumulate ? ", accumulating" : "");
        PackedMatrix packed = tested.matrices().pack(matrix);
        PackedMatrix specified = reference.matrices().pack(matrix);
        assertThat(packed.format()).isEqualTo(matrix.format());
        assertThat(packed.rows()).isEqualTo(matrix.columns());
        assertThat(packed.columns()).isEqualTo(matrix.rows());
        Tensor unpacked = tested.matrices().unpack(packed); // [K, N]
        assertSameBits(unpacked, reference.matrices().unpack(specified), what + ", unpacked");
        reference.matrices().matmul(a, specified, expected, accumulate);
        tested.matrices().matmul(a, packed, actual, accumulate);
        tested.matrices().matmul(a, unpacked, unpackedFirst, accumulate);
        assertSameBits(actual, expected, what);
        assertSameBits(unpackedFirst, expected, what + ", with the unpacked matrix");
    }

    @ParameterizedTest
    @MethodSource("formats")
    @DisplayName(
            "every tail of columns, chains within a block of widened steps and beyond, any number of rows and threads")
    void products(WeightFormat format) {
        Rng rng = new Rng(81, format.ordinal());
        for (int k : new int[] {256, 768, 1280}) {
            for (int n : new int[] {1, 3, 16, 63, 64, 65, 130}) {
                for (int m : new int[] {0, 1, 2, 5, 17}) {
                    ComputePool.setThreads(1 + rng.nextInt(3));
                    check(normal(rng, m, k), RandomBlocks.of(format, rng, n, k), rng.nextInt(2) == 0, rng);
                }
            }
        }
        check(normal(rng, 300, 512), RandomBlocks.of(format, rng, 200, 512), true, rng);
    }

    @ParameterizedTest
    @MethodSource("formats")
    @DisplayName("a row does not depend on its batch, and columns unpack one by one as together")
    void rowsAndColumnsAlone(WeightFormat format) {
        Rng rng = new Rng(82, 0);
        PackedMatrix packed = tested.matrices().pack(RandomBlocks.of(format, rng, 150, 512));
        Tensor a = normal(rng, 40, 512); // [M, K]
        Tensor together = Tensor.zeros(40, 150); // [M, N]
        tested.matrices().matmul(a, packed, together, false);
        for (int row = 0; row < 40; row += 7) {
            Tensor alone = Tensor.zeros(1, 150);
            tested.matrices().matmul(a.slice(0, row, row + 1), packed, alone, false);
            assertSameBits(alone, together.slice(0, row, row + 1), format + ", row " + row);
        }
        Tensor all = tested.matrices().unpack(packed); // [K, N]
        for (int[] range : new int[][] {{0, 1}, {149, 150}, {3, 70}, {64, 128}, {100, 100}}) {
            Tensor part = Tensor.zeros(512, range[1] - range[0]);
            tested.matrices().unpack(packed, range[0], part);
            assertSameBits(part, all.slice(1, range[0], range[1]), format + ", columns from " + range[0]);
        }
    }

    @ParameterizedTest
    @MethodSource("formats")
    @DisplayName("cold and hot give the same bits")
    void coldAndHot(WeightFormat format) {
        Rng rng = new Rng(83, 0);
        QuantizedMatrix matrix = RandomBlocks.of(format, rng, 77, 256);
        PackedMatrix packed = tested.matrices().pack(matrix);
        Tensor a = normal(rng, 3, 256); // [M, K]
        Tensor expected = Tensor.zeros(3, 77);
        reference.matrices().matmul(a, reference.matrices().pack(matrix), expected, false);
        Tensor out = Tensor.zeros(3, 77);
        Tensor one = Tensor.zeros(1, 77);
        for (int call = 0; call < 8000; call++) {
            tested.matrices().matmul(a, packed, out, false);
            tested.matrices().matmul(a.slice(0, 1, 2), packed, one, false);
            if (call < 10 || call % 500 == 0) {
                assertSameBits(out, expected, "call " + call);
                assertSameBits(one, expected.slice(0, 1, 2), "one row, call " + call);
            }
        }
    }

    @Test
    @DisplayName("rows in another order, and what does not fit is refused")
    void matrices() {
        Rng rng = new Rng(85, 0);
        QuantizedMatrix matrix = RandomBlocks.of(WeightFormat.Q6_K, rng, 5, 512);
        Tensor all = reference.matrices().unpack(reference.matrices().pack(matrix)); // [K, N]
        Tensor some = reference.matrices().unpack(reference.matrices().pack(matrix.select(2, row -> 4 - 3 * row)));
        assertSameBits(some.slice(1, 0, 1), all.slice(1, 4, 5), "row 4");
        assertSameBits(some.slice(1, 1, 2), all.slice(1, 1, 2), "row 1");
        assertThatThrownBy(() -> new QuantizedMatrix(WeightFormat.Q6_K, 1, 32, new byte[210]))
                .hasMessageContaining("no sequence of blocks");
        assertThatThrownBy(() -> new QuantizedMatrix(WeightFormat.BF16, 1, 32, new byte[64]))
                .hasMessageContaining("no sequence of blocks");
        assertThatThrownBy(() -> new QuantizedMatrix(WeightFormat.Q4_0, 2, 32, new byte[18]))
                .hasMessageContaining("is not 18 bytes");
        byte[] infinite = RandomBlocks.of(WeightFormat.Q4_K, rng, 2, 512).blocks();
        infinite[3 * 144 + 3] |= 0x7C; // the exponent of the minima
        assertThatThrownBy(() -> new QuantizedMatrix(WeightFormat.Q4_K, 2, 512, infinite))
                .hasMessageContaining("a scale of row 1, column 256, is NaN or infinite");
        assertThatThrownBy(() -> tested.matrices().pack(normal(rng, 256, 3), WeightFormat.Q4_K))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Q4_K");
    }
}
