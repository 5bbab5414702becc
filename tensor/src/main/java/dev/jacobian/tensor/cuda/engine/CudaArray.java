// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.engine;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.DeviceArray;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.driver.CudaException;
import dev.jacobian.tensor.cuda.driver.DeviceBlock;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * Elements of tensors in a GPU's memory.
 *
 * <p>Its memory is taken and given back by the dispatcher in the program's order, so that neither waits: a kernel that was
 * asked for before {@link #close} has its memory even if it runs long after.
 */
public final class CudaArray implements DeviceArray {
    private final CudaEngine engine;
    private final DType dtype;
    private final int length;
    private volatile boolean closed;
    private @Nullable DeviceBlock block; // touched on the dispatcher's thread only; null where the allocation failed

    public CudaArray(CudaEngine engine, DType dtype, int length, boolean scoped) {
        this.engine = engine;
        this.dtype = dtype;
        this.length = length;
        engine.post(() -> block = engine.allocate(
                (long) dtype.bytes() * Math.max(1, length), "a tensor of " + length + " " + dtype, scoped));
    }

    public CudaEngine engine() {
        return engine;
    }

    @Override
    public Device device() {
        return engine.device();
    }

    @Override
    public DType dtype() {
        return dtype;
    }

    @Override
    public int length() {
        return length;
    }

    void requireOpen() {
        if (closed) {
            throw new IllegalStateException("a tensor on " + device()
                    + " was used after its memory was given back; inside a Workspace copy what shall outlive"
                    + " the scope");
        }
    }

    /** The block; on the dispatcher's thread. */
    public DeviceBlock block() {
        engine.context().dispatcher().requireCurrent();
        if (block == null) {
            throw new CudaException("a tensor on " + device() + " has no memory: an earlier failure kept it from it");
        }
        return block;
    }

    @Override
    public void fill(int from, int count, float value) {
        Objects.checkFromIndexSize(from, count, length);
        requireOpen();
        if (dtype != DType.F32 && Float.floatToRawIntBits(value) != 0) {
            throw new IllegalArgumentException("only F32 elements are filled with " + value + ", these are " + dtype);
        }
        if (count == 0) {
            return;
        }
        if (Float.floatToRawIntBits(value) == 0) {
            engine.post(() -> engine.stream().clear(address(from), (long) dtype.bytes() * count));
        } else {
            engine.launchOver(count, "fill_f32", value, (long) count, new View(this, from));
        }
    }

    private long address(int from) {
        return block().address() + (long) dtype.bytes() * from;
    }

    @Override
    public void write(int at, Object array, int from, int count) {
        Objects.checkFromIndexSize(at, count, length);
        requireOpen();
        if (count > 0) {
            MemorySegment source = part(array, from, count);
            engine.run(() -> engine.upload(source, block(), (long) dtype.bytes() * at));
        }
    }

    @Override
    public void read(int from, Object array, int at, int count) {
        Objects.checkFromIndexSize(from, count, length);
        requireOpen();
        if (count > 0) {
            MemorySegment target = part(array, at, count);
            engine.run(() -> engine.download(block(), (long) dtype.bytes() * from, target));
        }
    }

    private MemorySegment part(Object array, int from, int count) {
        MemorySegment whole = switch (dtype) {
            case F32 -> MemorySegment.ofArray((float[]) array);
            case BF16, F16 -> MemorySegment.ofArray((short[]) array);
            case I8 -> MemorySegment.ofArray((byte[]) array);
            case I32 -> MemorySegment.ofArray((int[]) array);
            case I64 -> MemorySegment.ofArray((long[]) array);
        };
        return whole.asSlice((long) dtype.bytes() * from, (long) dtype.bytes() * count);
    }

    @Override
    public void copyFrom(int at, Tensor source) {
        Objects.checkFromIndexSize(at, source.elements(), length);
        requireOpen();
        CudaCopies.copy(engine, source, new View(this, at));
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            try {
                engine.context().dispatcher().postAlways(() -> {
                    if (block != null) {
                        block.close();
                    }
                });
            } catch (IllegalStateException deviceClosed) {
                // closing the device freed it
            }
        }
    }

    /** A place in an array: what a kernel gets as a pointer. */
    public record View(CudaArray array, int offset) {
        /**
         * Where a tensor's first element is.
         *
         * @throws IllegalArgumentException if it is on another device or of another arithmetic
         */
        public static View of(CudaEngine engine, Tensor tensor) {
            View view = inAnyArithmetic(engine, tensor);
            if (view.array.engine.arithmetic() != engine.arithmetic()) {
                throw new IllegalArgumentException("tensor " + tensor + " is used with tensors on " + engine.device()
                        + "; copy it with to(Device): an operation's tensors are of one arithmetic");
            }
            return view;
        }

        /** The same for copies, which compute nothing. */
        static View inAnyArithmetic(CudaEngine engine, Tensor tensor) {
            if (!(tensor.deviceArray() instanceof CudaArray array) || !array.engine.sharesDeviceWith(engine)) {
                throw new IllegalArgumentException("tensor " + tensor + " is not on " + engine.device()
                        + "; copy it there with to(Device): an operation's tensors are on one device");
            }
            array.requireOpen();
            return new View(array, tensor.offset());
        }

        DType dtype() {
            return array.dtype;
        }

        /** The place so many elements further. */
        View plus(int elements) {
            return new View(array, offset + elements);
        }

        /** On the dispatcher's thread. */
        public long address() {
            return array.address(offset);
        }
    }
}
