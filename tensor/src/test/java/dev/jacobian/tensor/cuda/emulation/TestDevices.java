// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.emulation;

import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.cuda.CudaBackend;
import dev.jacobian.tensor.cuda.driver.MemoryAccount;

/** Devices for tests that run the same on all of them. */
public final class TestDevices {
    private TestDevices() {}

    /**
     * Makes a device usable: a real GPU with {@code -Djacobian.gpu.real=true}, else the emulated one. Skips the test where
     * there is neither.
     */
    public static void require(String device) {
        if (!Boolean.getBoolean("jacobian.gpu.real")) {
            FakeDriver.require();
        }
        Backends.of(Device.parse(device)).synchronize();
    }

    /** Blocks that were promised to be closed and were found by the garbage collector instead. */
    public static long leaks(String device) {
        return account(device).leaked();
    }

    /** Bytes of device memory in open blocks. */
    public static long liveBytes(String device) {
        return account(device).live();
    }

    private static MemoryAccount account(String device) {
        return CudaBackend.of(Device.parse(device)).engine().context().memory().account();
    }

    /** Mistakes that the emulated driver saw since it was last asked, one a line; empty on a real one. */
    public static String takeFaults() {
        return Boolean.getBoolean("jacobian.gpu.real")
                ? ""
                : FakeDriver.require().takeFaults();
    }
}
