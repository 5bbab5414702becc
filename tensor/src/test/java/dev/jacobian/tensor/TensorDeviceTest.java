// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.cuda.emulation.TestDevices;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tensors on a device: copies, views, conversions, scopes, and what goes wrong. */
class TensorDeviceTest {
    private static final String NAME = "cuda:0";
    private static final Device DEVICE = Device.parse(NAME);

    private final Rng rng = new Rng(60, 0);

    @BeforeEach
    void device() {
        TestDevices.require(NAME);
        TestDevices.takeFaults();
    }

    @AfterEach
    void noFaults() {
        Backends.of(DEVICE).synchronize();
        assertThat(TestDevices.takeFaults()).isEmpty();
        assertThat(TestDevices.leaks(NAME)).isZero();
    }

    @Test
    void numbersGoThereAndComeBack() {
        Tensor x = Numbers.wild(rng, 5, 7);
        Tensor there = x.to(DEVICE);
        assertThat(there.device()).isEqualTo(DEVICE);
        assertThat(there.to(DEVICE)).isSameAs(there);
        Numbers.assertSameBits(there.to(Device.CPU), x, "there and back");
        assertThat(there).hasToString("F32[5, 7] on cuda:0");
        Tensor ids = Tensor.of(new int[] {1, -2, 3}, 3).to(DEVICE).to(Device.CPU);
        assertThat(ids.ints()).containsExactly(1, -2, 3);
        assertThat(Tensor.of(new long[] {1L << 40}, 1).to(DEVICE).to(Device.CPU).longs())
                .containsExactly(1L << 40);
        assertThat(Tensor.zeros(0, 3).to(DEVICE).toFloatArray()).isEmpty();
        assertThat(Tensor.of(new float[] {2.5f}, 1).to(DEVICE).item()).isEqualTo(2.5f);
    }

    @Test
    void viewsShareMemory() {
        Tensor there = Tensor.zeros(DEVICE, DType.F32, Shape.of(4, 6));
        there.slice(0, 1, 3).fill(3f);
        there.slice(0, 2, 3).copyFrom(Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 1, 6));
        Tensor here = there.to(Device.CPU);
        assertThat(here.select(0, 0).toFloatArray()).containsOnly(0f);
        assertThat(here.select(0, 1).toFloatArray()).containsOnly(3f);
        assertThat(here.select(0, 2).toFloatArray()).containsExactly(1, 2, 3, 4, 5, 6);
        Numbers.assertSameBits(there.t().to(Device.CPU), here.t().contiguous(), "transposed");
        Numbers.assertSameBits(
                there.slice(1, 2, 5).contiguous().to(Device.CPU),
                here.slice(1, 2, 5).contiguous(),
                "columns");
        Tensor cube = Numbers.normal(rng, 3, 4, 5);
        Numbers.assertSameBits(
                cube.to(DEVICE).transpose(0, 2).contiguous().to(Device.CPU),
                cube.transpose(0, 2).contiguous(),
                "three dimensions");
    }

    @Test
    void conversionsRoundAsOnTheCpu() {
        Tensor x = Numbers.wild(rng, 33, 9);
        for (DType type : new DType[] {DType.BF16, DType.F16}) {
            Tensor here = x.to(type);
            Tensor there = x.to(DEVICE).to(type);
            Numbers.assertSameBits(there.to(DType.F32).to(Device.CPU), here.to(DType.F32), type + " and back");
        }
        Tensor narrow = Tensor.zeros(DEVICE, DType.BF16, Shape.of(33, 9));
        narrow.convertFrom(x.to(DEVICE));
        Numbers.assertSameBits(
                narrow.to(DType.F32).to(Device.CPU), x.to(DType.BF16).to(DType.F32), "into");
        assertThatThrownBy(() -> narrow.fill(1f)).hasMessageContaining("BF16");
        assertThatThrownBy(() -> narrow.fill(-0f)).hasMessageContaining("BF16");
    }

    @Test
    void aScopeGivesBackWhatItTook() {
        Backend backend = Backends.of(DEVICE);
        Tensor x = Numbers.normal(rng, 40, 40).to(DEVICE);
        backend.synchronize();
        long before = TestDevices.liveBytes(NAME);
        Workspace workspace = new Workspace();
        List<Tensor> escaped = new ArrayList<>();
        for (int turn = 0; turn < 20; turn++) {
            workspace.run(() -> {
                Tensor kept = Workspace.keepResult(() -> {
                    Tensor inner = Workspace.like(x);
                    backend.elementwise().add(x, x, inner);
                    Tensor result = Workspace.like(x);
                    backend.elementwise().multiply(inner, inner, result);
                    escaped.add(inner);
                    return result;
                });
                float first = x.to(Device.CPU).get(0, 0);
                assertThat(kept.to(Device.CPU).get(0, 0)).isEqualTo(4 * first * first);
            });
        }
        assertThat(TestDevices.liveBytes(NAME)).isEqualTo(before);
        assertThatThrownBy(() -> escaped.get(0).toFloatArray())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("after its memory was given back")
                .hasMessageContaining("Workspace");
        x.close();
        assertThat(TestDevices.liveBytes(NAME)).isLessThan(before);
    }

    @Test
    void wrongPlacesAreNamed() {
        Backend backend = Backends.of(DEVICE);
        Tensor here = Tensor.zeros(3);
        Tensor there = here.to(DEVICE);
        assertThatThrownBy(there::floats).hasMessageContaining("on cuda:0").hasMessageContaining("to(Device.CPU)");
        assertThatThrownBy(() -> backend.elementwise().add(here, there, there)).hasMessageContaining("is on the CPU");
        assertThatThrownBy(() -> Backends.cpu().elementwise().add(here, there, here))
                .hasMessageContaining("on cuda:0");
        assertThatThrownBy(() -> there.copyFrom(Tensor.zeros(4))).hasMessageContaining("cannot copy F32[4]");
        assertThatThrownBy(() -> Backends.of(Device.parse("cuda:7")))
                .isInstanceOf(DeviceException.class)
                .hasMessageContaining("there is no device cuda:7");
        assertThatThrownBy(() -> backend.attention().newKvCache(1, 1, 8, DType.F16))
                .hasMessageContaining("F16");
    }

    @Test
    void tooMuchMemoryIsRefusedWithTheNumbersAndHurtsNothing() {
        Backend backend = Backends.of(DEVICE);
        int elements = (1 << 28) + 1; // 1 GiB and a little
        Assumptions.assumeTrue(
                backend.memory().availableMemory() <= 1 << 30, "a real GPU has more memory than one tensor takes");
        Tensor huge = Tensor.of(backend.memory().allocate(DType.F32, elements, false), Shape.of(elements));
        Tensor doomed = Tensor.of(backend.memory().allocate(DType.F32, 8, false), Shape.of(8));
        assertThatThrownBy(() -> huge.slice(0, 0, 1).toFloatArray())
                .isInstanceOf(DeviceException.class)
                .hasMessageContaining("needs ")
                .hasMessageContaining(" free (this program holds ");
        assertThatThrownBy(() -> doomed.toFloatArray()).hasMessageContaining("earlier failure");
        Tensor x = Numbers.normal(rng, 4, 4);
        Numbers.assertSameBits(x.to(DEVICE).to(Device.CPU), x, "afterwards");
    }

    @Test
    void whatIsDroppedComesBackBeforeMemoryRunsOut() {
        Backend backend = Backends.of(DEVICE);
        int fifth = (int) (backend.memory().availableMemory() / 4 / 5);
        for (int i = 0; i < 15; i++) {
            Tensor dropped = Tensor.zeros(DEVICE, DType.F32, Shape.of(fifth));
            assertThat(dropped.slice(0, 0, 1).item()).isZero();
        }
    }
}
