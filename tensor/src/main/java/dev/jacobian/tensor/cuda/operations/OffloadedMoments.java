// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import dev.jacobian.tensor.AdamWStep;
import dev.jacobian.tensor.AdamWTensors;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.driver.CudaContext;
import dev.jacobian.tensor.cuda.driver.CudaEvent;
import dev.jacobian.tensor.cuda.driver.CudaException;
import dev.jacobian.tensor.cuda.driver.CudaStream;
import dev.jacobian.tensor.cuda.driver.DeviceBlock;
import dev.jacobian.tensor.cuda.engine.CudaArray.View;
import dev.jacobian.tensor.cuda.engine.CudaEngine;
import dev.jacobian.tensor.cuda.transfer.HostCopies;
import dev.jacobian.tensor.cuda.transfer.PinnedBuffer;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * AdamW for moments in Java arrays: while some are updated on the device, the next come up and the former go down.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>All tensors are cut into and gathered in windows of one size, so that memory is bounded whatever the model is, and small
 *       tensors cost no copies of their own. Elements are updated one by one, so where a window ends changes no bit.
 *   <li>Each direction has a stream of its own, as a device has an engine for each; events order them with the engine's
 *       stream. A window passes through a slot: the host fills its pinned buffer, up, update, down into the same buffer, and
 *       the host empties it when it needs the slot again, some windows later.
 *   <li>The device's part of the slots is taken from the allocator for a step and given back, so that activations can have it
 *       in between; pinned memory, which is slow to get, stays.
 *   <li>Whoever asked waits until all moments are back: arrays have no way to say that they are not there yet.
 * </ul>
 *
 * <p>On the dispatcher's thread only.
 */
final class OffloadedMoments implements AutoCloseable {
    /** 8 MiB of moments to a window: some hundred microseconds of copying, beside which a launch is nothing. */
    private static final int WINDOW = 1 << 20;

    /** One that is filled or emptied by the host, one in each direction, one that is updated. */
    private static final int SLOTS = 4;

    /** Elements where a tensor's part of a window begins are a multiple of this, so that the kernel can take vectors. */
    private static final int ALIGNMENT = 4;

    private final CudaEngine engine;
    private final int windowElements;
    private final List<Slot> slots = new ArrayList<>();
    private @Nullable CudaStream up; // null before the first step
    private @Nullable CudaStream down;
    private @Nullable CudaEvent begin;

    OffloadedMoments(CudaEngine engine) {
        this(engine, WINDOW);
    }

    /**
     * The same with windows of another size.
     *
     * @param windowElements a multiple of {@value #ALIGNMENT}
     */
    OffloadedMoments(CudaEngine engine, int windowElements) {
        this.engine = engine;
        this.windowElements = windowElements;
    }

    /** A part of a tensor: {@code count} elements that stand at {@code at} in a window. */
    private record Part(int tensor, int from, int count, int at) {}

    /** Parts that go together; a window holds their first moments, then their second. */
    private record Window(List<Part> parts, int elements) {
        long bytes() {
            return 2L * Float.BYTES * elements;
        }
    }

    /** Where a window is on its way. */
    private final class Slot implements AutoCloseable {
        final PinnedBuffer host;
        final CudaEvent arrived;
        final CudaEvent updated;
        final CudaEvent returned;

        @Nullable
        DeviceBlock device; // null between steps

        @Nullable
        Window window; // whose moments are to be put back; null for none

        Slot() {
            CudaContext context = engine.context();
            host = new PinnedBuffer(context, 2 * Float.BYTES * windowElements);
            arrived = CudaEvent.ordering(context);
            updated = CudaEvent.ordering(context);
            returned = CudaEvent.ordering(context);
        }

        @Override
        public void close() {
            arrived.close();
            updated.close();
            returned.close();
            host.close();
        }
    }

    /**
     * One step; all moments are back when it returns.
     *
     * @param all none empty; moments on the CPU
     */
    void step(List<AdamWTensors> all, AdamWStep step) {
        open();
        List<Window> windows = windows(all);
        boolean done = false;
        try {
            for (Slot slot : slots.subList(0, Math.min(slots.size(), windows.size()))) {
                slot.device = engine.scratch(slot.host.memory().byteSize(), "moments on their way");
            }
            // Their memory may have served work that still runs.
            CudaEvent earlier = Objects.requireNonNull(begin);
            earlier.record(engine.stream());
            up().await(earlier);
            for (int w = 0; w < windows.size(); w++) {
                Slot slot = slots.get(w % slots.size());
                putBack(slot, all);
                pass(windows.get(w), slot, all, step);
            }
            slots.forEach(slot -> putBack(slot, all));
            done = true;
        } finally {
            release(done);
        }
    }

    /** Sends a window on its way through a slot that is free. */
    private void pass(Window window, Slot slot, List<AdamWTensors> all, AdamWStep step) {
        DeviceBlock device = Objects.requireNonNull(slot.device);
        copyHost(window, slot, all, true);
        slot.host.copyToDevice(device.address(), window.bytes(), up());
        slot.arrived.record(up());
        engine.stream().await(slot.arrived);
        List<AdamWLaunch.Run> runs = new ArrayList<>();
        for (Part part : window.parts) {
            AdamWTensors tensors = all.get(part.tensor);
            long m = device.address() + (long) Float.BYTES * part.at;
            runs.add(new AdamWLaunch.Run(
                    address(tensors.parameter(), part.from),
                    address(tensors.gradient(), part.from),
                    m,
                    m + (long) Float.BYTES * window.elements,
                    part.count));
        }
        AdamWLaunch.launch(engine, runs, step);
        slot.updated.record(engine.stream());
        down().await(slot.updated);
        slot.host.copyFromDevice(device.address(), window.bytes(), down());
        slot.returned.record(down());
        slot.window = window;
    }

    private long address(Tensor tensor, int from) {
        View view = View.of(engine, tensor);
        return new View(view.array(), view.offset() + from).address();
    }

    /** Waits for a slot's window, if it has one, and puts its moments back. */
    private void putBack(Slot slot, List<AdamWTensors> all) {
        if (slot.window != null) {
            slot.returned.synchronize();
            copyHost(slot.window, slot, all, false);
            slot.window = null;
        }
    }

    /** Copies a window's moments between the arrays and the slot's pinned buffer. */
    private static void copyHost(Window window, Slot slot, List<AdamWTensors> all, boolean toBuffer) {
        HostCopies copies = new HostCopies();
        MemorySegment buffer = slot.host.memory();
        for (Part part : window.parts) {
            for (boolean first : new boolean[] {true, false}) {
                Tensor moment =
                        first ? all.get(part.tensor).m() : all.get(part.tensor).v();
                MemorySegment array = floats(moment, part.from, part.count);
                MemorySegment place = floats(buffer, part.at + (first ? 0 : window.elements), part.count);
                copies.add(toBuffer ? array : place, toBuffer ? place : array);
            }
        }
        copies.run();
    }

    private static MemorySegment floats(Tensor tensor, int from, int count) {
        return floats(MemorySegment.ofArray(tensor.floats()), tensor.offset() + from, count);
    }

    private static MemorySegment floats(MemorySegment all, int from, int count) {
        return all.asSlice((long) Float.BYTES * from, (long) Float.BYTES * count);
    }

    private List<Window> windows(List<AdamWTensors> all) {
        List<Window> windows = new ArrayList<>();
        List<Part> parts = new ArrayList<>();
        int filled = 0;
        for (int t = 0; t < all.size(); t++) {
            int elements = all.get(t).parameter().elements();
            int count;
            for (int from = 0; from < elements; from += count) {
                count = Math.min(elements - from, windowElements - filled);
                parts.add(new Part(t, from, count, filled));
                filled += Math.ceilDiv(count, ALIGNMENT) * ALIGNMENT;
                if (filled >= windowElements) {
                    windows.add(new Window(parts, filled));
                    parts = new ArrayList<>();
                    filled = 0;
                }
            }
        }
        if (filled > 0) {
            windows.add(new Window(parts, filled));
        }
        return windows;
    }

    private void open() {
        if (up != null) {
            return;
        }
        try {
            for (int i = 0; i < SLOTS; i++) {
                slots.add(new Slot());
            }
            begin = CudaEvent.ordering(engine.context());
            down = new CudaStream(engine.context(), "down");
            up = new CudaStream(engine.context(), "up");
        } catch (RuntimeException refused) {
            close();
            throw refused;
        }
    }

    private CudaStream up() {
        return Objects.requireNonNull(up);
    }

    private CudaStream down() {
        return Objects.requireNonNull(down);
    }

    /** Gives the device's memory back, which nothing may use any more. */
    private void release(boolean done) {
        try {
            if (!done) {
                up().synchronize();
                engine.stream().synchronize();
                down().synchronize();
            }
        } catch (CudaException lost) {
            // the failure that the step ended with says it
        } finally {
            for (Slot slot : slots) {
                slot.window = null;
                if (slot.device != null) {
                    slot.device.close();
                    slot.device = null;
                }
            }
        }
    }

    @Override
    public void close() {
        if (up != null) {
            up.close();
            up = null;
        }
        if (down != null) {
            down.close();
            down = null;
        }
        if (begin != null) {
            begin.close();
            begin = null;
        }
        slots.forEach(Slot::close);
        slots.clear();
    }
}
