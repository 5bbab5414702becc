// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.Gpus;
import dev.jacobian.tensor.cuda.emulation.FakeDriver;
import java.util.Optional;
import jcuda.driver.CUresult;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The survey of a machine that has everything, and of devices that cannot be used. */
class GpuSurveyEmulatedTest {
    private FakeDriver fake;

    @BeforeEach
    void open() {
        fake = FakeDriver.require();
    }

    @AfterEach
    void nothingIsLeft() {
        assertThat(fake.takeFaults()).isEmpty();
        fake.reset();
    }

    @Test
    void everythingIsThere() {
        fake.setDevices(2);
        Gpus gpus = GpuSurvey.take(fake.libraries());
        assertThat(gpus.missing()).isEmpty();
        assertThat(gpus.usable()).isTrue();
        assertThat(gpus.driver())
                .contains(new Gpus.Library(fake.folder().resolve("libcuda.so.1"), Optional.of("13.0")));
        assertThat(gpus.cublas())
                .contains(new Gpus.Library(fake.folder().resolve("libcublas.so.13"), Optional.of("13.1.0")));
        assertThat(gpus.devices()).hasSize(2).allSatisfy(device -> {
            assertThat(device.usable()).isTrue();
            // Other tests of this process may hold a little.
            assertThat(device.freeMemory().orElseThrow()).isBetween(device.memory() / 2, device.memory());
        });
        assertThat(gpus.devices().getLast().toString())
                .startsWith("cuda:1 ")
                .contains("1.00 GiB (")
                .contains(" free), compute capability 9.0, ");
    }

    @Test
    void aDeviceThatAnotherProcessHoldsIsNamed() {
        fake.inject("cuDevicePrimaryCtxRetain", 0, CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE);
        Gpus gpus = GpuSurvey.take(fake.libraries());
        assertThat(gpus.usable()).isFalse();
        assertThat(gpus.devices()).hasSize(1).noneMatch(Gpus.Info::usable);
        assertThat(gpus.missing())
                .hasSize(1)
                .first()
                .asString()
                .startsWith("opening cuda:0 ")
                .contains("another process holds the device alone");
    }

    @Test
    void aDriverThatRefusesTheKernelsIsNamed() {
        fake.inject("cuModuleLoadDataEx", 0, CUresult.CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
        Gpus gpus = GpuSurvey.take(fake.libraries());
        assertThat(gpus.usable()).isFalse();
        assertThat(gpus.cublas().orElseThrow().version()).contains("13.1.0"); // one failure does not hide another
        assertThat(gpus.missing())
                .hasSize(1)
                .first()
                .asString()
                .startsWith("compiling activation.ptx for cuda:0 ")
                .contains("update the driver");
    }
}
