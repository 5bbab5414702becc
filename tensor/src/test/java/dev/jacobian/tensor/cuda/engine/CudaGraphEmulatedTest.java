// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.tensor.cuda.driver.CudaException;
import dev.jacobian.tensor.cuda.driver.DeviceMemory;
import dev.jacobian.tensor.cuda.driver.Dispatcher;
import dev.jacobian.tensor.cuda.driver.MemoryAccount;
import dev.jacobian.tensor.cuda.emulation.EmulatedTestBase;
import dev.jacobian.tensor.cuda.engine.CudaArray.View;
import java.util.ArrayList;
import java.util.List;
import jcuda.driver.CUresult;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Graphs of an engine's work: what a launch sees of the time of the capture, and whose memory it uses. */
class CudaGraphEmulatedTest extends EmulatedTestBase {

    private CudaEngine engine;

    @BeforeEach
    void engine() {
        engine = backend.engine();
    }

    private MemoryAccount account() {
        return engine.context().memory().account();
    }

    /** Captures what a body asks for in a scope of its own. */
    private CudaGraph capture(Runnable body) {
        Dispatcher dispatcher = engine.context().dispatcher();
        Runnable work = dispatcher.record(() -> new Workspace().run(body));
        return dispatcher.call(() -> CudaGraph.capture(engine, work));
    }

    private void launch(CudaGraph graph) {
        engine.post(graph::launch);
    }

    private void close(CudaGraph graph) {
        engine.run(graph::close);
    }

    private static Tensor onDevice(float... values) {
        return Tensor.of(values, values.length).to(DEVICE);
    }

    private static Tensor temporary(Tensor like) {
        return Workspace.scope().tensor(DEVICE, like.dtype(), like.shape());
    }

    @Test
    void integersOfKernelsDoNotLieWhereTheGraphWritesBefore() {
        Tensor numbers = Tensor.zeros(DEVICE, DType.F32, Shape.of(128)); // [128], a block as large as the smallest
        Tensor table = Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 3, 2).to(DEVICE); // [3, 2]
        Tensor out = Tensor.zeros(DEVICE, DType.F32, Shape.of(3, 2)); // [3, 2]
        CudaGraph graph = capture(() -> {
            Tensor scribble = temporary(numbers);
            backend.elementwise().add(numbers, numbers, scribble);
            Workspace.release(scribble);
            backend.rows().gatherRows(table, new int[] {2, 0, 1}, out);
        });
        launch(graph);
        launch(graph);
        assertThat(out.toFloatArray()).containsExactly(5, 6, 1, 2, 3, 4);
        close(graph);
    }

    @Test
    void aLaunchReadsWhatIsThereAndRunsNothingBefore() {
        Tensor x = onDevice(1, 2, 3);
        Tensor out = onDevice(0, 0, 0);
        CudaGraph graph = capture(() -> {
            Tensor doubled = temporary(x);
            backend.elementwise().scale(x, 2, doubled);
            backend.elementwise().add(doubled, x, out);
        });
        assertThat(out.toFloatArray()).containsExactly(0, 0, 0);
        launch(graph);
        assertThat(out.toFloatArray()).containsExactly(3, 6, 9);
        x.copyFrom(Tensor.of(new float[] {4, 5, 6}, 3).to(DEVICE));
        launch(graph);
        assertThat(out.toFloatArray()).containsExactly(12, 15, 18);
        close(graph);
    }

    @Test
    void memoryThatWasClosedDuringTheCaptureIsNobodyElsesBeforeTheGraphIsClosed() {
        Tensor x = onDevice(1, 2, 3);
        Tensor out = onDevice(0, 0, 0);
        long before = account().held();
        CudaGraph graph = capture(() -> {
            Tensor doubled = temporary(x);
            Tensor fourfold = temporary(x);
            backend.elementwise().scale(x, 2, doubled);
            backend.elementwise().scale(doubled, 2, fourfold);
            backend.elementwise().add(doubled, fourfold, out);
        });
        assertThat(account().held()).isGreaterThan(before);
        launch(graph);
        // A launch that runs late, after others got memory and filled it.
        new Workspace().run(() -> {
            for (int i = 0; i < 8; i++) {
                backend.elementwise().scale(x, 1e30f, temporary(x));
            }
        });
        assertThat(out.toFloatArray()).containsExactly(6, 12, 18);
        List<Tensor> others = new ArrayList<>();
        new Workspace().run(() -> {
            for (int i = 0; i < 8; i++) {
                Tensor other = temporary(x);
                backend.elementwise().scale(x, i, other);
                others.add(other);
            }
            launch(graph);
            for (int i = 0; i < 8; i++) {
                assertThat(others.get(i).toFloatArray()).containsExactly(i, 2 * i, 3 * i);
            }
        });
        assertThat(out.toFloatArray()).containsExactly(6, 12, 18);
        close(graph);
        assertThat(account().held()).isEqualTo(before);
    }

    @Test
    void blocksServeAgainWithinACapture() {
        Tensor x = onDevice(1);
        long before = account().held();
        CudaGraph graph = capture(() -> {
            for (int i = 0; i < 10; i++) {
                Workspace.inner(() -> backend.elementwise().scale(x, 2, temporary(x)));
            }
        });
        assertThat(account().held() - before).isEqualTo(DeviceMemory.sizeClass(1));
        close(graph);
    }

    @Test
    void integerArraysKeepTheContentsOfTheCaptureUnlessTheyHaveAPlace() {
        Tensor table = onDevice(10, 11, 12, 13).reshape(4, 1);
        Tensor fixed = onDevice(0, 0).reshape(2, 1);
        Tensor moving = onDevice(0, 0).reshape(2, 1);
        int[] constant = {3, 1};
        int[] placed = new int[2];
        CudaArray place = new CudaArray(engine, DType.I32, 2, true);
        Places places = new Places().put(placed, new View(place, 0));
        CudaGraph graph = capture(() -> engine.placed(places, () -> {
            backend.rows().gatherRows(table, constant, fixed);
            backend.rows().gatherRows(table, placed, moving);
            return null;
        }));
        constant[0] = 0; // the caller's own again
        for (int i = 0; i < 60; i++) { // staging and what it keeps on the device hold others by now
            Tensor unread = onDevice(0).reshape(1, 1);
            backend.rows().gatherRows(table, new int[] {i % 4}, unread);
            backend.rows()
                    .gatherRows(
                            table,
                            new int[] {i % 3, i % 2, i % 4},
                            onDevice(0, 0, 0).reshape(3, 1));
        }
        for (int i = 0; i < 3; i++) {
            place.write(0, new int[] {i, i + 1}, 0, 2);
            launch(graph);
            assertThat(fixed.toFloatArray()).containsExactly(13, 11);
            assertThat(moving.toFloatArray()).containsExactly(10 + i, 11 + i);
        }
        place.close();
        close(graph);
    }

    @Test
    void whatOthersAskForStaysOutside() throws InterruptedException {
        Tensor x = onDevice(1, 2);
        Tensor others = onDevice(1, 1);
        Dispatcher dispatcher = engine.context().dispatcher();
        Runnable work = dispatcher.record(() -> {
            backend.elementwise().scale(x, 3, x);
            Thread other = Thread.ofPlatform().start(() -> backend.elementwise().scale(others, 7, others));
            try {
                other.join();
            } catch (InterruptedException interrupt) {
                throw new AssertionError(interrupt);
            }
            backend.elementwise().scale(x, 3, x);
        });
        CudaGraph graph = dispatcher.call(() -> CudaGraph.capture(engine, work));
        assertThat(others.toFloatArray()).containsExactly(7, 7);
        assertThat(x.toFloatArray()).containsExactly(1, 2);
        launch(graph);
        assertThat(x.toFloatArray()).containsExactly(9, 18);
        assertThat(others.toFloatArray()).containsExactly(7, 7);
        close(graph);
    }

    @Test
    void recordedWorkThatWaitsIsRefused() {
        Tensor x = onDevice(1, 2);
        assertThatThrownBy(() -> capture(x::toFloatArray)).hasMessageContaining("waits for");
        assertThat(x.toFloatArray()).as("and only that work").containsExactly(1, 2);
    }

    @Test
    void aRefusedCaptureGivesItsMemoryBackAndTheStreamWorksOn() {
        Tensor x = onDevice(1, 2);
        Tensor out = onDevice(0, 0);
        for (String function : List.of("cuStreamBeginCapture", "cuMemAlloc", "cuLaunchKernel", "cuGraphInstantiate")) {
            engine.run(engine.context().memory()::trim);
            MemoryAccount before = account();
            fake.inject(function, 0, CUresult.CUDA_ERROR_NOT_SUPPORTED);
            assertThatThrownBy(() -> capture(() -> {
                        Tensor doubled = temporary(x);
                        backend.elementwise().scale(x, 2, doubled);
                        Tensor fourfold = temporary(x);
                        backend.elementwise().scale(doubled, 2, fourfold);
                    }))
                    .as(function)
                    .isInstanceOf(CudaException.class)
                    .hasMessageContaining("NOT_SUPPORTED");
            assertThat(account().held()).as(function).isEqualTo(before.held());
            assertThat(account().blocks()).as(function).isEqualTo(before.blocks());
            backend.elementwise().scale(x, 5, out);
            assertThat(out.toFloatArray()).as(function).containsExactly(5, 10);
        }
        CudaGraph graph = capture(() -> backend.elementwise().scale(x, 6, out));
        launch(graph);
        assertThat(out.toFloatArray()).containsExactly(6, 12);
        close(graph);
    }

    @Test
    void aClosedGraphIsNotLaunched() {
        Tensor x = onDevice(1);
        CudaGraph graph = capture(() -> backend.elementwise().scale(x, 6, x));
        close(graph);
        close(graph);
        launch(graph);
        assertThatThrownBy(engine::synchronize).hasMessageContaining("closed graph");
    }

    @Test
    void graphsLeftOpenEndWithTheEngine() {
        Tensor x = Tensor.zeros(DEVICE, DType.F32, Shape.of(3));
        var unused = capture(() -> backend.elementwise().scale(x, 6, temporary(x)));
    }
}
