// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import dev.jacobian.tensor.cuda.emulation.TestDevices;

/**
 * The backend that the conformance tests compare with the reference: the CPU's, or with {@code
 * -Djacobian.test.device=cuda} a GPU's, in the mode in which it owes the reference's bits.
 */
final class TestedBackend {
    private TestedBackend() {}

    static Backend get() {
        String device = System.getProperty("jacobian.test.device", "cpu");
        if (device.equals("cpu")) {
            return Backends.cpu();
        }
        TestDevices.require(device);
        Backends.setBatchInvariant(true);
        return OffloadedBackend.of(Device.parse(device));
    }

    static boolean isCpu() {
        return System.getProperty("jacobian.test.device", "cpu").equals("cpu");
    }
}
