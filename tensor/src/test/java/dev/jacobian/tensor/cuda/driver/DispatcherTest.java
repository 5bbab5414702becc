// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** One thread, in order, and no failure lost. */
class DispatcherTest {
    private final Dispatcher dispatcher = new Dispatcher("test-dispatcher");

    @AfterEach
    void close() {
        dispatcher.close();
    }

    @Test
    void everythingRunsOnOneThreadInOrder() {
        List<Integer> order = new ArrayList<>(); // no lock: one thread
        for (int i = 0; i < 100; i++) {
            int number = i;
            dispatcher.post(() -> order.add(number));
        }
        Thread thread = dispatcher.call(Thread::currentThread);
        assertThat(thread.getName()).isEqualTo("test-dispatcher");
        assertThat(thread.isVirtual()).isFalse();
        assertThat(thread.isDaemon()).isTrue();
        assertThat(order).hasSize(100).isSorted();
        assertThat(dispatcher.isCurrent()).isFalse();
        assertThatThrownBy(dispatcher::requireCurrent).hasMessageContaining("it belongs on test-dispatcher");
    }

    @Test
    void aTaskMayCallTheDispatcherItself() {
        boolean inside = dispatcher.call(() -> dispatcher.call(dispatcher::isCurrent));
        assertThat(inside).isTrue();
    }

    @Test
    void aFailureComesBackWithBothStacks() {
        assertThatThrownBy(() -> dispatcher.run(() -> {
                    throw new CudaException("refused");
                }))
                .isInstanceOf(CudaException.class)
                .hasMessage("refused")
                .satisfies(failure -> assertThat(failure.getSuppressed()[0].getStackTrace())
                        .anyMatch(frame -> frame.getMethodName().contains("aFailureComesBackWithBothStacks")));
        assertThatThrownBy(() -> dispatcher.call(() -> {
                    throw new IOException("checked");
                }))
                .isInstanceOf(CudaException.class)
                .hasRootCauseInstanceOf(IOException.class);
        assertThatThrownBy(() -> dispatcher.run(() -> {
                    throw new UnsatisfiedLinkError("an error");
                }))
                .isInstanceOf(UnsatisfiedLinkError.class);
    }

    @Test
    void theFailuresOfPostedTasksAreThrownByTheNextCall() {
        dispatcher.post(() -> {
            throw new CudaException("first");
        });
        boolean[] ran = new boolean[1];
        dispatcher.post(() -> ran[0] = true);
        dispatcher.postAlways(() -> {
            throw new CudaException("second");
        });
        assertThatThrownBy(() -> dispatcher.call(() -> "not reached"))
                .hasMessage("first")
                .satisfies(failure -> assertThat(failure.getSuppressed()[0]).hasMessage("second"));
        assertThat(ran[0]).as("what builds on a failure is left out").isFalse();
        assertThat(dispatcher.call(() -> "again")).isEqualTo("again");
    }

    @Test
    void closingRunsAfterAFailureAndTheFailureIsThrownThen() {
        boolean[] ran = new boolean[1];
        dispatcher.post(() -> {
            throw new CudaException("first");
        });
        assertThatThrownBy(() -> dispatcher.runAlways(() -> ran[0] = true)).hasMessage("first");
        assertThat(ran[0]).isTrue();
        assertThat(dispatcher.call(() -> "again")).isEqualTo("again");
    }

    @Test
    void theSameFailureTwiceDoesNotEndTheThread() {
        CudaException same = new CudaException("the same");
        for (int i = 0; i < 2; i++) {
            dispatcher.postAlways(() -> {
                throw same;
            });
        }
        assertThatThrownBy(() -> dispatcher.call(() -> "not reached")).isSameAs(same);
        assertThat(dispatcher.call(() -> "again")).isEqualTo("again");
    }

    @Test
    void anInterruptIsKeptUntilTheTaskIsDone() throws InterruptedException {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        List<Boolean> interrupted = new ArrayList<>();
        Thread caller = Thread.ofPlatform().start(() -> {
            int answer = dispatcher.call(() -> {
                started.countDown();
                go.await();
                return 42;
            });
            interrupted.add(answer == 42 && Thread.currentThread().isInterrupted());
        });
        started.await();
        caller.interrupt();
        go.countDown();
        caller.join();
        assertThat(interrupted).containsExactly(true);
    }

    @Test
    void whatIsRecordedRunsAsOneTask() {
        List<String> order = new ArrayList<>();
        Runnable recorded = dispatcher.record(() -> {
            dispatcher.post(() -> order.add("first"));
            dispatcher.postAlways(() -> order.add("second"));
        });
        dispatcher.run(() -> order.add("between"));
        dispatcher.run(recorded);
        dispatcher.run(recorded);
        assertThat(order).containsExactly("between", "first", "second", "first", "second");
    }

    @Test
    void aFailureAmongWhatIsRecordedLeavesOutOnlyWhatComputes() {
        List<String> order = new ArrayList<>();
        Runnable recorded = dispatcher.record(() -> {
            dispatcher.post(() -> order.add("before"));
            dispatcher.post(() -> {
                throw new CudaException("refused");
            });
            dispatcher.post(() -> order.add("after"));
            dispatcher.postAlways(() -> order.add("given back"));
        });
        assertThatThrownBy(() -> dispatcher.run(recorded)).hasMessage("refused");
        dispatcher.run(() -> {}); // thrown once
        assertThat(order).containsExactly("before", "given back");
    }

    @Test
    void aRecordingTakesNoWaitsAndNoOtherRecording() {
        List<String> order = new ArrayList<>();
        assertThatThrownBy(() -> dispatcher.record(() -> dispatcher.run(() -> order.add("waited for"))))
                .isInstanceOf(Dispatcher.WaitInRecording.class);
        assertThatThrownBy(() -> dispatcher.record(() -> dispatcher.record(() -> {})))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("another recording");
        assertThatThrownBy(() -> dispatcher.run(() -> dispatcher.record(() -> {})))
                .hasMessageContaining("within a task");
        dispatcher.post(() -> order.add("posted"));
        dispatcher.run(() -> {});
        assertThat(order).as("after the recording everything is as before").containsExactly("posted");
    }

    @Test
    void afterTheEndNothingIsTaken() {
        dispatcher.close();
        assertThatThrownBy(() -> dispatcher.call(() -> 1)).hasMessage("test-dispatcher is closed");
        assertThatThrownBy(() -> dispatcher.post(() -> {})).isInstanceOf(IllegalStateException.class);
    }
}
