// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static dev.jacobian.testing.Bits.assertBits;

import dev.jacobian.autograd.Linear;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Batches of products with their gradients, on a device as on the CPU; here, because autograd's tests know no device. */
class BatchedProductDeviceTest {
    private final Rng rng = new Rng(93, 0);

    private Tensor numbers(boolean integers, int... extents) {
        Tensor x = Tensor.zeros(extents);
        for (int i = 0; i < x.elements(); i++) {
            x.floats()[i] = integers ? rng.nextInt(5) - 2 : (float) rng.nextGaussian();
        }
        return x;
    }

    /** The product, and the gradients of its inputs. */
    private static List<float[]> compute(Tensor a, Tensor b, Tensor dOut) {
        List<float[]> results = new ArrayList<>();
        new Workspace().run(() -> {
            Parameter left = Var.parameter("a", a); // [B, M, K]
            Parameter right = Var.parameter("b", b); // [B, K, N]
            Var out = Linear.batchedMatmul(left, right); // [B, M, N]
            results.add(out.value().toFloatArray());
            out.backward(dOut);
            results.add(left.grad().orElseThrow().toFloatArray());
            results.add(right.grad().orElseThrow().toFloatArray());
        });
        return results;
    }

    /** Bit for bit in a fixed order; by cuBLAS on integers, whose sums are exact in any order, also in BF16. */
    @ParameterizedTest
    @CsvSource({"F32, true", "F32, false", "BF16, true", "BF16, false"})
    void valuesAndGradientsAreThoseOfTheCpu(DType type, boolean batchInvariant) {
        Device device = TestModels.placement(batchInvariant).device();
        boolean integers = type != DType.F32 || !batchInvariant;
        for (int[] extents : new int[][] {{3, 5, 9, 7}, {2, 33, 17, 20}, {1, 4, 6, 1}}) {
            Tensor a = numbers(integers, extents[0], extents[1], extents[2]);
            Tensor b = numbers(integers, extents[0], extents[2], extents[3]);
            Tensor dOut = numbers(integers, extents[0], extents[1], extents[3]);
            List<float[]> expected = compute(a, b, dOut);
            List<float[]> actual = compute(
                    a.to(type).to(device), b.to(type).to(device), dOut.to(type).to(device));
            for (int i = 0; i < 3; i++) {
                assertBits(type + " " + a.shape() + " result " + i, actual.get(i), expected.get(i));
            }
        }
        Backends.of(device).synchronize(); // throws what went wrong meanwhile
    }
}
