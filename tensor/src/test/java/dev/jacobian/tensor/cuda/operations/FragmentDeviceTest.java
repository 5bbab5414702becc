// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.CudaBackend;
import dev.jacobian.tensor.cuda.emulation.TestDevices;
import org.junit.jupiter.api.Test;

/**
 * The layout of fragments on a device: tiles come through the warp instructions where the kernels expect them. The emulator's
 * twins of these instructions were written by the reader of the manual who wrote the kernels, so only hardware can
 * contradict them; small integers, so that every product is exact and the answer is yes or no.
 */
class FragmentDeviceTest {
    /** As for the conformance tests; on the CPU there are no fragments. */
    private static final String DEVICE = System.getProperty("jacobian.test.device", "cpu");

    @Test
    void productOfTiles() {
        assumeFalse(DEVICE.equals("cpu"), "for devices: -Djacobian.test.device=cuda:0");
        TestDevices.require(DEVICE);
        Rng rng = new Rng(5, 0);
        Tensor a = integers(rng, 16, 16); // [M, K]
        Tensor b = integers(rng, 16, 8); // [K, N]
        Tensor expected = Tensor.zeros(16, 8); // [M, N]
        Backends.reference().matrices().matmul(a, b, expected, false);
        Device device = Device.parse(DEVICE);
        Tensor products = Tensor.zeros(device, DType.F32, Shape.of(2, 16, 8)); // [2, M, N]: B as it is, and transposed
        CudaBackend.of(device)
                .engine()
                .launch(
                        "check_fragments",
                        1,
                        1,
                        32,
                        a.to(DType.BF16).to(device),
                        b.to(DType.BF16).to(device),
                        b.t().copy().to(DType.BF16).to(device),
                        products);
        float[] found = products.toFloatArray();
        for (int which = 0; which < 2; which++) {
            for (int i = 0; i < expected.elements(); i++) {
                assertThat(found[which * expected.elements() + i])
                        .as("product %d, row %d, column %d", which, i / 8, i % 8)
                        .isEqualTo(expected.floats()[i]);
            }
        }
        assertThat(TestDevices.takeFaults()).isEmpty();
    }

    private static Tensor integers(Rng rng, int rows, int columns) {
        Tensor x = Tensor.zeros(rows, columns);
        for (int i = 0; i < x.elements(); i++) {
            x.floats()[i] = rng.nextInt(33) - 16;
        }
        return x;
    }
}
