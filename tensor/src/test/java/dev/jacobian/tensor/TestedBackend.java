// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import dev.jacobian.tensor.cuda.emulation.TestDevices;

/**
 * The backend that the conformance tests compare with the reference: the CPU's, or with {@code
 * -Djacobian.test.device=cuda} a GPU's, in the arithmetic in which it owes the reference's bits.
 */
final class TestedBackend {
    private TestedBackend() {}

    static Backend get() {
        String device = System.getProperty("jacobian.test.device", "cpu");
        if (device.equals("cpu")) {
            return Backends.cpu();
        }
        TestDevices.require(device);
        return OffloadedBackend.of(Device.parse(device).with(Arithmetic.BATCH_INVARIANT));
    }

    static boolean isCpu() {
        return System.getProperty("jacobian.test.device", "cpu").equals("cpu");
    }
}
