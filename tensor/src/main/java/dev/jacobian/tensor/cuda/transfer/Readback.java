// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.transfer;

import dev.jacobian.tensor.cuda.driver.CudaException;
import dev.jacobian.tensor.cuda.driver.Dispatcher;
import java.util.function.Consumer;

/** A copy from the device that is under way. */
public final class Readback {
    private final Dispatcher dispatcher;
    private final Consumer<Readback> settle;
    private int pieces; // in pinned memory, not yet in the array; touched by the dispatcher's thread only

    Readback(Dispatcher dispatcher, Consumer<Readback> settle) {
        this.dispatcher = dispatcher;
        this.settle = settle;
    }

    void pieceStarted() {
        pieces++;
    }

    void pieceArrived() {
        pieces--;
    }

    /**
     * Waits until the array is filled; from any thread, and any number of times.
     *
     * @throws CudaException if the device failed
     */
    public void await() {
        dispatcher.run(() -> {
            if (pieces > 0) {
                settle.accept(this);
            }
        });
    }
}
