// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.cuda.emulation.TestDevices;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Batches of products on a device, by cuBLAS and in a fixed order, in every type that a batch may have. */
class BatchedProductDeviceTest {
    private static final String NAME = "cuda:0";

    private final Backend cpu = Backends.reference();
    private final Rng rng = new Rng(92, 0);
    private Device device;
    private Backend tested;

    @BeforeEach
    void open() {
        TestDevices.require(NAME);
        TestDevices.takeFaults();
        computeIn(Arithmetic.FAST);
    }

    private void computeIn(Arithmetic arithmetic) {
        device = Device.parse(NAME).with(arithmetic);
        tested = Backends.of(device);
    }

    private void inFixedOrder(boolean fixed) {
        computeIn(fixed ? Arithmetic.BATCH_INVARIANT : Arithmetic.FAST);
    }

    @AfterEach
    void noFaults() {
        assertThat(TestDevices.takeFaults()).isEmpty();
    }

    private Tensor integers(int... extents) {
        Tensor x = Tensor.zeros(extents);
        for (int i = 0; i < x.elements(); i++) {
            x.floats()[i] = rng.nextInt(9) - 4;
        }
        return x;
    }

    /** The same view of a copy on the device: what {@code order} says of dense [B, M, K]. */
    private Tensor laid(Tensor x, DType type, String order) {
        Tensor there = switch (order) {
            case "rows" -> x.to(type).to(device);
            case "columns" -> x.transpose(1, 2).to(type).to(device).transpose(1, 2);
            case "batch" -> x.transpose(0, 2).to(type).to(device).transpose(0, 2);
            case "interleaved" -> x.transpose(0, 1).to(type).to(device).transpose(0, 1);
            default -> throw new IllegalArgumentException(order);
        };
        assertThat(there.shape()).isEqualTo(x.shape());
        return there;
    }

    /** Small integers: every product and sum is exact in every type, whoever computes it in whichever order. */
    @ParameterizedTest
    @CsvSource({
        "F32, F32, false, rows, rows",
        "F32, F32, false, columns, interleaved",
        "F32, F32, false, batch, columns",
        "F32, F32, true, batch, interleaved",
        "BF16, BF16, false, rows, columns",
        "BF16, F32, false, interleaved, batch",
        "BF16, BF16, true, batch, rows",
        "BF16, F32, true, columns, interleaved",
        "F16, F32, false, columns, rows",
        "F16, F16, false, rows, interleaved"
    })
    void everyTypeAndOrderOfDimensions(DType type, DType outType, boolean fixedOrder, String orderA, String orderB) {
        inFixedOrder(fixedOrder);
        for (int[] extents : new int[][] {{3, 5, 7, 4}, {2, 9, 1, 1}, {4, 1, 33, 18}, {2, 70, 5, 65}}) {
            int batch = extents[0];
            int m = extents[1];
            int k = extents[2];
            int n = extents[3];
            Tensor a = integers(batch, m, k); // [B, M, K]
            Tensor b = integers(batch, k, n); // [B, K, N]
            Tensor expected = integers(batch, m + 1, n); // [B, M + 1, N]: a row between the results
            Tensor onDevice = expected.to(outType).to(device).copy();
            for (boolean accumulate : new boolean[] {true, false}) {
                cpu.matrices().batchedMatmul(a, b, expected.slice(1, 0, m), accumulate);
                tested.matrices()
                        .batchedMatmul(
                                laid(a, type, orderA), laid(b, type, orderB), onDevice.slice(1, 0, m), accumulate);
                assertThat(onDevice.to(Device.CPU).to(DType.F32).toFloatArray())
                        .as(a.shape() + " x " + b.shape() + (accumulate ? ", accumulating" : ""))
                        .containsExactly(expected.toFloatArray());
            }
        }
    }

    /** Also by cuBLAS, which may choose another kernel for a batch than for one product. */
    @ParameterizedTest
    @CsvSource({"F32, false", "BF16, false", "F32, true", "BF16, true"})
    void aBatchOfOneHasTheBitsOfTheProduct(DType type, boolean fixedOrder) {
        inFixedOrder(fixedOrder);
        Tensor a = Numbers.normal(rng, 1, 40, 700).to(type).to(device); // [1, M, K]
        Tensor b = Numbers.normal(rng, 1, 700, 30).to(type).to(device); // [1, K, N]
        Tensor batch = Tensor.zeros(device, type, Shape.of(1, 40, 30)); // [1, M, N]
        Tensor product = Tensor.zeros(device, type, Shape.of(40, 30)); // [M, N]
        tested.matrices().batchedMatmul(a, b, batch, false);
        tested.matrices().matmul(a.select(0, 0), b.select(0, 0), product, false);
        assertThat(batch.toFloatArray()).containsExactly(product.toFloatArray());
    }

    /** In a fixed order a matrix has its bits in any batch and with any tile; in F32 they are the CPU's. */
    @ParameterizedTest
    @CsvSource({"F32, 40, 30", "BF16, 40, 30", "F32, 5, 70", "BF16, 16, 8", "F32, 130, 66", "BF16, 130, 66"})
    void inAFixedOrderAMatrixDoesNotDependOnItsBatch(DType type, int m, int n) {
        inFixedOrder(true);
        int k = 150;
        Tensor a = Numbers.normal(rng, 3, m, k).to(type); // [B, M, K]
        Tensor b = Numbers.normal(rng, 3, k, n).to(type); // [B, K, N]
        Tensor together = Tensor.zeros(device, type, Shape.of(3, m, n)); // [B, M, N]
        tested.matrices().batchedMatmul(a.to(device), b.to(device), together, false);
        Tensor alone = Tensor.zeros(device, type, Shape.of(m, n)); // [M, N]
        for (int i = 0; i < 3; i++) {
            tested.matrices().matmul(a.to(device).select(0, i), b.to(device).select(0, i), alone, false);
            assertThat(together.select(0, i).toFloatArray()).containsExactly(alone.toFloatArray());
        }
        if (type == DType.F32) {
            Tensor onCpu = Tensor.zeros(3, m, n); // [B, M, N]
            Backends.cpu().matrices().batchedMatmul(a, b, onCpu, false);
            assertThat(together.toFloatArray()).containsExactly(onCpu.toFloatArray());
        }
    }

    /** 1 + 2^-12 is 1 in TF32, which has ten bits after the first. */
    @ParameterizedTest
    @CsvSource({"false, 1.000244140625", "true, 1"})
    void tf32OnlyWhereItIsAllowed(boolean allowed, float expected) {
        computeIn(allowed ? Arithmetic.TF32 : Arithmetic.FAST);
        Tensor a = Tensor.of(new float[] {1 + 0x1p-12f, 1 + 0x1p-12f}, 2, 1, 1).to(device);
        Tensor b = Tensor.of(new float[] {1, 1}, 2, 1, 1).to(device);
        Tensor out = Tensor.zeros(device, DType.F32, Shape.of(2, 1, 1));
        tested.matrices().batchedMatmul(a, b, out, false);
        assertThat(out.toFloatArray()).containsExactly(expected, expected);
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void emptyBatchesMatricesAndSums(boolean fixedOrder) {
        inFixedOrder(fixedOrder);
        for (int[] extents : new int[][] {{0, 2, 3, 4}, {2, 0, 3, 4}, {2, 3, 4, 0}, {2, 3, 0, 4}}) {
            Tensor a = Tensor.zeros(device, DType.BF16, Shape.of(extents[0], extents[1], extents[2]));
            Tensor b = Tensor.zeros(device, DType.BF16, Shape.of(extents[0], extents[2], extents[3]));
            Tensor before = integers(extents[0], extents[1], extents[3]);
            Tensor out = before.to(device).copy();
            tested.matrices().batchedMatmul(a, b, out, true);
            assertThat(out.toFloatArray()).containsExactly(before.toFloatArray());
            tested.matrices().batchedMatmul(a, b, out, false);
            assertThat(out.toFloatArray()).containsOnly(extents[2] == 0 ? new float[] {0} : new float[0]);
        }
    }

    /** More matrices than the grid has in its second dimension. */
    @ParameterizedTest
    @CsvSource({"true", "false"})
    void manyMatrices(boolean fixedOrder) {
        inFixedOrder(fixedOrder);
        int batch = 65_535 + 3;
        Tensor a = integers(batch, 1, 1);
        Tensor b = integers(batch, 1, 1);
        Tensor out = Tensor.zeros(device, DType.F32, Shape.of(batch, 1, 1));
        tested.matrices().batchedMatmul(a.to(device), b.to(device), out, false);
        float[] products = out.toFloatArray();
        for (int i : new int[] {0, 1, batch / 2, 65_534, 65_535, batch - 1}) {
            assertThat(products[i]).as("matrix " + i).isEqualTo(a.get(i, 0, 0) * b.get(i, 0, 0));
        }
    }

    @Test
    void typesThatDoNotFitAreRefused() {
        Tensor a = Tensor.zeros(device, DType.F32, Shape.of(2, 3, 4));
        Tensor b = Tensor.zeros(device, DType.BF16, Shape.of(2, 4, 5));
        Tensor out = Tensor.zeros(device, DType.F32, Shape.of(2, 3, 5));
        assertThatThrownBy(() -> tested.matrices().batchedMatmul(a, b, out, false))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("F32[2, 3, 4] on cuda:0 and BF16[2, 4, 5] on cuda:0 into F32[2, 3, 5]");
        inFixedOrder(true);
        Tensor half = Tensor.zeros(device, DType.F16, Shape.of(2, 3, 4));
        assertThatThrownBy(() -> tested.matrices()
                        .batchedMatmul(
                                half, half.transpose(1, 2), out.slice(2, 0, 3).copy(), false))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("convert them to F32 or BF16");
    }
}
