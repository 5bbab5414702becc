// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.emulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.Arithmetic;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.cuda.CudaBackend;
import dev.jacobian.tensor.cuda.graphs.CapturedWork;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/**
 * What tests of the backend on the emulated device share: a device of their own, opened before each test in the default
 * arithmetic and closed after it, when nothing may have leaked and the driver must have seen no mistake.
 *
 * <p>A test puts back what it set in the driver before it ends.
 */
public abstract class EmulatedTestBase {
    protected static final Device DEVICE = Device.cuda(0);

    protected FakeDriver fake;

    /** The device in the arithmetic that the test is in, and its kernels. */
    protected Device device = DEVICE;

    protected CudaBackend backend;

    @BeforeEach
    final void open() {
        fake = FakeDriver.require();
        backend = CudaBackend.of(device);
    }

    @AfterEach
    final void nothingIsLeft() {
        System.clearProperty("jacobian.cuda.graphs");
        System.clearProperty("jacobian.cuda.fused");
        CapturedWork.forgetRefusal();
        if (backend == null) {
            return; // skipped
        }
        fake.reset();
        closeOwn();
        backend.synchronize();
        assertThat(TestDevices.leaks("cuda:0")).isZero();
        CudaBackend.closeAll();
        assertThat(fake.takeFaults()).isEmpty();
    }

    /** Goes on in the arithmetic with a fixed order of sums, or in the default one. */
    protected final void inFixedOrder(boolean fixed) {
        device = DEVICE.with(fixed ? Arithmetic.BATCH_INVARIANT : Arithmetic.FAST);
        backend = CudaBackend.of(device);
    }

    /** Closes what the test itself made and keeps in fields. */
    protected void closeOwn() {}
}
