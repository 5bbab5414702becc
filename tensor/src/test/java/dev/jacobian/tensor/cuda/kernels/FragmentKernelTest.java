// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.emulation.EmulatedMemory;
import dev.jacobian.tensor.cuda.emulation.KernelTestBase;
import org.junit.jupiter.api.Test;

/** Tiles come through the warp instructions where the kernels expect them: small integers, so every product is exact. */
class FragmentKernelTest extends KernelTestBase {
    @Test
    void productOfTiles() {
        Tensor a = integers(16, 16);
        Tensor b = integers(16, 8);
        Tensor product = Tensor.zeros(16, 8);
        reference.matrices().matmul(a, b, product, false);
        EmulatedMemory products = device.allocate(DType.F32, 2 * 16 * 8);
        device.launch(
                "check_fragments",
                1,
                1,
                32,
                device.copy(a, DType.BF16),
                device.copy(b, DType.BF16),
                device.copy(b.t().copy(), DType.BF16),
                products);
        Tensor expected = Tensor.zeros(2, 16, 8);
        expected.slice(0, 0, 1).copyFrom(product.reshape(1, 16, 8));
        expected.slice(0, 1, 2).copyFrom(product.reshape(1, 16, 8));
        assertSame(products, expected, DType.F32, "product of tiles");
    }

    private Tensor integers(int rows, int columns) {
        Tensor x = Tensor.zeros(rows, columns);
        for (int i = 0; i < x.elements(); i++) {
            x.floats()[i] = rng.nextInt(33) - 16;
        }
        return x;
    }
}
