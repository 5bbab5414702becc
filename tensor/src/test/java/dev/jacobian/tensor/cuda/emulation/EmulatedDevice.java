// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.emulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.cuda.driver.CudaContext;
import dev.jacobian.tensor.cuda.driver.CudaException;
import dev.jacobian.tensor.cuda.driver.CudaStream;
import dev.jacobian.tensor.cuda.driver.DeviceBlock;
import dev.jacobian.tensor.cuda.driver.DeviceMemory;
import dev.jacobian.tensor.cuda.driver.MemoryAccount;
import dev.jacobian.tensor.cuda.transfer.Staging;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/**
 * A device on the fake driver for each test, with exact allocations. After each test it is closed, nothing may be left
 * open, and the fake driver may have seen no mistake but those that the test took note of.
 */
public abstract class EmulatedDevice {
    protected FakeDriver fake;
    protected CudaContext context;
    protected CudaStream stream;
    protected Staging staging;

    @BeforeEach
    void open() {
        fake = FakeDriver.require();
        open(DeviceMemory.Reuse.NEVER);
    }

    protected void open(DeviceMemory.Reuse reuse) {
        context = CudaContext.open(0, reuse);
        context.dispatcher().run(() -> {
            stream = new CudaStream(context, "test");
            staging = new Staging(context, 2, 1000);
        });
    }

    @AfterEach
    void nothingIsLeft() {
        if (context == null) {
            return; // skipped
        }
        closeDevice();
        assertThat(fake.takeFaults()).isEmpty();
    }

    /** Closes what {@link #open} opened; the memory account must be at zero. */
    protected void closeDevice() {
        if (stream != null) {
            context.dispatcher().run(() -> {
                staging.close();
                stream.close();
            });
            stream = null;
            MemoryAccount account = context.memory().account();
            context.close();
            assertThat(account.blocks()).as(account.toString()).isZero();
            assertThat(account.live()).isZero();
            assertThat(account.held()).isZero();
        }
    }

    /** Ends a device whose context is lost: nothing can be closed in order any more. */
    protected void abandonDevice() {
        stream = null;
        try {
            context.close();
        } catch (CudaException lost) {
            // the loss that the test was about
        }
        fake.takeFaults();
    }

    protected <T> T onDevice(Callable<T> task) {
        return context.dispatcher().call(task);
    }

    protected void onDevice(Runnable task) {
        context.dispatcher().run(task);
    }

    /** A block with these numbers. */
    protected DeviceBlock block(float... values) {
        DeviceBlock block = context.memory().allocate(4L * values.length, stream, "test block");
        staging.upload(MemorySegment.ofArray(values), block, stream);
        return block;
    }

    /** The numbers of a block, after waiting for the stream. */
    protected float[] read(DeviceBlock block) {
        float[] values = new float[(int) (block.bytes() / 4)];
        staging.download(block, MemorySegment.ofArray(values), stream).await();
        return values;
    }
}
