// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ComputePoolTest {
    private final int threads = ComputePool.threads();

    @AfterEach
    void restoreThreads() {
        ComputePool.setThreads(threads);
    }

    private static void assertEachTaskOnce(int tasks) {
        AtomicIntegerArray calls = new AtomicIntegerArray(Math.max(1, tasks));
        ComputePool.run(tasks, calls::incrementAndGet);
        for (int i = 0; i < tasks; i++) {
            assertThat(calls.get(i)).as("task %d of %d", i, tasks).isEqualTo(1);
        }
    }

    @Test
    void everyTaskRunsOnceWithAnyNumberOfThreads() {
        for (int count : new int[] {1, 2, 3, 8, 1, 4}) {
            ComputePool.setThreads(count);
            assertThat(ComputePool.threads()).isEqualTo(count);
            for (int tasks : new int[] {0, 1, 2, 3, 7, 1000}) {
                assertEachTaskOnce(tasks);
            }
        }
    }

    @Test
    void manyShortRegionsFollowEachOther() {
        ComputePool.setThreads(3);
        AtomicInteger total = new AtomicInteger();
        for (int i = 0; i < 20_000; i++) {
            ComputePool.run(4, task -> total.incrementAndGet());
        }
        assertThat(total).hasValue(80_000);
    }

    @Test
    void workersWakeUpAfterALongPause() throws InterruptedException {
        ComputePool.setThreads(2);
        assertEachTaskOnce(100);
        Thread.sleep(100);
        CountDownLatch both = new CountDownLatch(2);
        // Each task waits for the other: done only if two threads work at once.
        ComputePool.run(2, task -> {
            both.countDown();
            try {
                assertThat(both.await(30, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException interrupted) {
                throw new AssertionError(interrupted);
            }
        });
    }

    @Test
    void oneThreadMeansTheCaller() {
        ComputePool.setThreads(1);
        Set<Thread> seen = ConcurrentHashMap.newKeySet();
        ComputePool.run(50, task -> seen.add(Thread.currentThread()));
        assertThat(seen).containsExactly(Thread.currentThread());
    }

    @Test
    void aFailureReachesTheCallerAndThePoolGoesOn() {
        for (int count : new int[] {1, 2, 4}) {
            ComputePool.setThreads(count);
            assertThatThrownBy(() -> ComputePool.run(20, task -> {
                        if (task == 13) {
                            throw new IllegalStateException("task 13");
                        }
                    }))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("task 13");
            assertThatThrownBy(() -> ComputePool.run(20, task -> {
                        throw new StackOverflowError("all");
                    }))
                    .isInstanceOf(StackOverflowError.class);
            assertEachTaskOnce(64);
        }
    }

    @Test
    void aRegionInsideARegionRunsOnItsCaller() {
        ComputePool.setThreads(3);
        AtomicIntegerArray inner = new AtomicIntegerArray(12);
        Set<Boolean> sameThread = ConcurrentHashMap.newKeySet();
        ComputePool.run(12, outer -> {
            Thread caller = Thread.currentThread();
            ComputePool.run(5, task -> {
                inner.incrementAndGet(outer);
                sameThread.add(Thread.currentThread() == caller);
            });
        });
        for (int i = 0; i < 12; i++) {
            assertThat(inner.get(i)).isEqualTo(5);
        }
        assertThat(sameThread).containsExactly(true);
    }

    @Test
    void callersOnSeveralThreadsDoNotDisturbEachOther() throws InterruptedException {
        ComputePool.setThreads(3);
        AtomicInteger total = new AtomicInteger();
        Thread[] callers = new Thread[4];
        for (int i = 0; i < callers.length; i++) {
            callers[i] = Thread.ofPlatform().start(() -> {
                for (int round = 0; round < 500; round++) {
                    ComputePool.run(6, task -> total.incrementAndGet());
                }
            });
        }
        for (Thread caller : callers) {
            caller.join();
        }
        assertThat(total).hasValue(4 * 500 * 6);
    }

    @Test
    void refusesLessThanOneThread() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ComputePool.setThreads(0))
                .withMessageContaining("0");
    }
}
