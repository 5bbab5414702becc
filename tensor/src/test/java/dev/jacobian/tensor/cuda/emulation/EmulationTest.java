// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.emulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The emulated device sees what kernels do wrong. */
class EmulationTest extends KernelTestBase {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        fault_divergent_barrier | 64 | divergent barrier
        fault_deadlock          | 32 | deadlock in block (0, 0, 0)
        fault_lane_outside_mask | 32 | lane outside its mask
        fault_divergent_warp    | 32 | divergent warp
        """)
    void reportsTheFaultAndItsPlace(String kernel, int threads, String message) {
        EmulatedMemory out = device.allocate(DType.F32, threads);
        assertThat(device.tryLaunch(kernel, 1, 1, threads, 0, out))
                .startsWith("error 719: " + kernel + ": " + message)
                .contains("faults.cu:");
        assertThat(device.tryLaunch("fill_f32", 1, 1, 32, 0, 2f, (long) threads, out))
                .isNull();
        assertSame(out, filled(2f, threads), DType.F32, "the device works after a fault");
    }

    private static Tensor filled(float value, int n) {
        Tensor x = Tensor.zeros(n);
        x.fill(value);
        return x;
    }

    @Test
    void missingBarrierShowsAsNaN() {
        EmulatedMemory x = device.copy(filled(1f, 64));
        EmulatedMemory out = device.allocate(DType.F32, 64);
        device.launch("fault_missing_barrier", 1, 1, 64, x, out);
        boolean seen = false;
        for (float value : out.read(64).toFloatArray()) {
            seen |= Float.isNaN(value);
        }
        assertThat(seen).isTrue();
    }

    @Test
    void absentLaneGivesNaN() {
        EmulatedMemory out = device.copy(filled(0f, 32));
        device.launch("fault_absent_lane", 1, 1, 32, out);
        assertThat(out.read(32).get(0)).isNaN();
        assertThat(out.read(32).get(3)).isEqualTo(5f);
    }

    @Test
    void copiesArriveWhenAwaited() {
        EmulatedMemory x = device.copy(filled(3f, 8));
        EmulatedMemory out = device.allocate(DType.F32, 4);
        device.launch("fault_copy_not_awaited", 1, 1, 1, x, out);
        assertThat(out.read(4).toFloatArray()).containsExactly(Float.NaN, 3f, Float.NaN, 3f);
    }

    @Test
    void dynamicSharedMemoryStartsAsNaN() {
        EmulatedMemory out = device.copy(filled(0f, 1));
        assertThat(device.tryLaunch("fault_dynamic_shared_is_poisoned", 1, 1, 1, 64, out))
                .isNull();
        assertThat(out.read(1).item()).isNaN();
    }

    @Test
    void writesOutsideAreFound() {
        EmulatedMemory out = device.allocate(DType.F32, 5);
        assertThatThrownBy(() -> device.launch("fault_writes_outside", 1, 1, 1, out, 5))
                .hasMessageContaining("wrote outside a tensor of 5 elements");
    }

    @Test
    void refusesWhatADeviceRefuses() {
        EmulatedMemory out = device.allocate(DType.F32, 1);
        assertThat(device.tryLaunch("no_such_kernel", 1, 1, 1, 0)).startsWith("error 500");
        assertThat(device.tryLaunch("fill_f32", 0, 1, 32, 0, 1f, 1L, out)).startsWith("error 1:");
        assertThat(device.tryLaunch("fill_f32", 1, 70000, 32, 0, 1f, 1L, out)).startsWith("error 1:");
        assertThat(device.tryLaunch("fill_f32", 1, 1, 512, 0, 1f, 1L, out)).startsWith("error 701");
        assertThat(device.tryLaunch("fill_f32", 1, 1, 32, 1 << 20, 1f, 1L, out)).startsWith("error 1:");
    }
}
