// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import static dev.jacobian.tensor.Numbers.normal;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.AdamWStep;
import dev.jacobian.tensor.AdamWTensors;
import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.driver.DeviceBlock;
import dev.jacobian.tensor.cuda.driver.DeviceMemory;
import dev.jacobian.tensor.cuda.emulation.EmulatedTestBase;
import dev.jacobian.tensor.cuda.engine.CudaArray;
import dev.jacobian.tensor.cuda.engine.CudaEngine;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import jcuda.driver.CUresult;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** AdamW with moments in Java arrays: the reference's bits, whatever overtakes what, and no event too many. */
class OffloadedMomentsEmulatedTest extends EmulatedTestBase {
    private static final AdamWStep STEP = new AdamWStep(0.37f, 0.999f, 0.9, 0.999, 3e-4f, 1.4f, 1e-8f);

    /** Elements to a window; below, some tensors take several and some share one. */
    private static final int WINDOW = 64;

    private static final int[] SIZES = {1, 5, 63, 64, 0, 65, 3, 2, 200, 7};

    /** 1+5+63+64+65+3+2+200+7 elements, each tensor's part of a window rounded up to 4. */
    private static final int WINDOWS = 7;

    private final List<Tensor> made = new ArrayList<>(); // on the device

    @Override
    protected void closeOwn() {
        made.forEach(Tensor::close);
    }
    /** Parameters, gradients and moments, the same for a seed wherever they are. */
    private List<AdamWTensors> tensors(Device parameters, Device moments, int... sizes) {
        Rng rng = new Rng(7, 11);
        Backend reference = Backends.of(Device.CPU);
        List<AdamWTensors> all = new ArrayList<>();
        for (int n : sizes) {
            Tensor v = normal(rng, n);
            reference.elementwise().multiply(v, v, v);
            all.add(new AdamWTensors(
                    normal(rng, n).to(parameters),
                    normal(rng, n).to(parameters),
                    normal(rng, n).to(moments),
                    v.to(moments)));
        }
        all.forEach(one -> made.addAll(List.of(one.parameter(), one.gradient(), one.m(), one.v())));
        return all;
    }

    private static List<Integer> bits(List<AdamWTensors> all) {
        List<Integer> bits = new ArrayList<>();
        for (AdamWTensors one : all) {
            for (Tensor tensor : List.of(one.parameter(), one.m(), one.v())) {
                for (float value : tensor.toFloatArray()) {
                    bits.add(Float.floatToRawIntBits(value));
                }
            }
        }
        return bits;
    }

    private List<Integer> expected(int... sizes) {
        List<AdamWTensors> here = tensors(Device.CPU, Device.CPU, sizes);
        Backends.of(Device.CPU).optimizer().adamW(here, STEP);
        return bits(here);
    }

    /** A step in small windows, after work that still wants the memory which the windows get. */
    private List<Integer> step() {
        CudaEngine engine = backend.engine();
        List<AdamWTensors> there = tensors(DEVICE, Device.CPU, SIZES);
        backend.synchronize();
        int elements = 2 * WINDOW;
        float[] before = new float[elements];
        Arrays.fill(before, 3f);
        Tensor read = Tensor.zeros(DEVICE, DType.F32, Shape.of(elements));
        made.add(read);
        engine.run(() -> {
            List<AdamWTensors> filled =
                    there.stream().filter(one -> one.parameter().elements() > 0).toList();
            try (OffloadedMoments moments = new OffloadedMoments(engine, WINDOW)) {
                List<DeviceBlock> used = new ArrayList<>();
                for (int i = 0; i < 4; i++) { // as many as a step has slots
                    DeviceBlock block = engine.scratch(read.elements() * 4L, "used before");
                    engine.upload(MemorySegment.ofArray(before), block, 0);
                    engine.stream()
                            .copy(
                                    block.address(4L * elements / 4 * i, elements),
                                    CudaArray.View.of(engine, read).address() + (long) elements * i,
                                    elements);
                    used.add(block);
                }
                used.forEach(DeviceBlock::close);
                moments.step(filled, STEP);
            }
        });
        List<Integer> all = bits(there);
        for (float value : read.toFloatArray()) {
            all.add(Float.floatToRawIntBits(value));
        }
        return all;
    }

    private List<Integer> expectedStep() {
        List<Integer> all = expected(SIZES);
        for (int i = 0; i < 2 * WINDOW; i++) {
            all.add(Float.floatToRawIntBits(3f));
        }
        return all;
    }

    @Test
    @DisplayName("has the reference's bits in windows that cut tensors and gather them")
    void bits() {
        List<Integer> expected = expectedStep();
        assertThat(step()).isEqualTo(expected);
        fake.setLazy(true);
        fake.setOthersEarly(true);
        assertThat(step()).as("copies overtake arithmetic").isEqualTo(expected);
    }

    @Test
    @DisplayName("needs each of its events: without any one, some order gives other bits")
    void events() {
        List<Integer> expected = expectedStep();
        fake.setLazy(true);
        for (int event = 0; event < 1 + 2 * WINDOWS; event++) {
            boolean seen = false;
            for (boolean early : new boolean[] {false, true}) {
                fake.setOthersEarly(early);
                fake.ignoreWait(event);
                seen |= !step().equals(expected);
                fake.ignoreWait(-1);
            }
            assertThat(seen).as("event %d of %d", event, 1 + 2 * WINDOWS).isTrue();
        }
        fake.ignoreWait(1 + 2 * WINDOWS);
        assertThat(step()).as("there are no more").isEqualTo(expected);
    }

    @Test
    @DisplayName("works beside moments on the device, from the backend's own method, twice, and on views")
    void mixed() {
        int[] sizes = {1_100_000, 3, 5000}; // the first takes two of the windows that a backend has
        List<AdamWTensors> here = tensors(Device.CPU, Device.CPU, sizes);
        List<AdamWTensors> resident = tensors(DEVICE, DEVICE, sizes);
        List<AdamWTensors> offloaded = tensors(DEVICE, Device.CPU, sizes);
        AdamWTensors whole = offloaded.get(2);
        Tensor m = Tensor.zeros(5010);
        Tensor v = Tensor.zeros(5010);
        AdamWTensors shifted =
                new AdamWTensors(whole.parameter(), whole.gradient(), m.slice(0, 7, 5007), v.slice(0, 3, 5003));
        shifted.m().copyFrom(whole.m());
        shifted.v().copyFrom(whole.v());
        List<AdamWTensors> there = List.of(offloaded.get(0), resident.get(1), shifted);
        for (int i = 0; i < 2; i++) {
            Backends.of(Device.CPU).optimizer().adamW(here, STEP);
            backend.optimizer().adamW(there, STEP);
        }
        assertThat(bits(there)).isEqualTo(bits(here));
        assertThat(m.slice(0, 0, 7).toFloatArray()).containsOnly(0f);
        assertThat(v.slice(0, 5003, 5010).toFloatArray()).containsOnly(0f);
    }

    @Test
    @DisplayName("takes device memory for a step only, and no more than four windows")
    void memory() {
        List<AdamWTensors> there = tensors(DEVICE, Device.CPU, 100_000);
        backend.synchronize();
        DeviceMemory memory = backend.engine().context().memory();
        long before = memory.account().live();
        long[] most = new long[1];
        backend.engine().run(() -> {
            try (OffloadedMoments moments = new OffloadedMoments(backend.engine(), 1000)) {
                long peak = memory.account().peakLive();
                moments.step(there, STEP);
                most[0] = memory.account().peakLive() - peak;
            }
        });
        assertThat(most[0]).isLessThanOrEqualTo(4 * 2 * 4 * 1000 + 8 * 1000); // and a window's tables
        assertThat(memory.account().live()).isEqualTo(before);
        assertThat(bits(there)).isEqualTo(expected(100_000));
    }

    @Test
    @DisplayName("a copy that fails leaves nothing open, and the next step works")
    void failure() {
        List<AdamWTensors> there = tensors(DEVICE, Device.CPU, 3_000_000);
        backend.synchronize();
        long before = backend.engine().context().memory().account().live();
        fake.inject("cuMemcpyDtoHAsync", 1, CUresult.CUDA_ERROR_INVALID_VALUE);
        assertThatThrownBy(() -> backend.optimizer().adamW(there, STEP)).hasMessageContaining("stream down");
        assertThat(backend.engine().context().memory().account().live()).isEqualTo(before);
        List<AdamWTensors> again = tensors(DEVICE, Device.CPU, SIZES);
        backend.optimizer().adamW(again, STEP);
        assertThat(bits(again)).isEqualTo(expected(SIZES));
    }
}
