// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.http;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * Ends writes that take too long. A client that does not read blocks whoever writes to it, and would hold its place for ever.
 * The thread is interrupted, which closes the connection that it writes to.
 */
record WriteLimit(ScheduledExecutorService timer, Duration longest) {
    /** Something that writes to a client. */
    @FunctionalInterface
    interface Write {
        void run() throws IOException;
    }

    void run(Write write) throws IOException {
        Alarm alarm = new Alarm(Thread.currentThread());
        ScheduledFuture<?> planned = timer.schedule(alarm, longest.toMillis(), TimeUnit.MILLISECONDS);
        try {
            write.run();
        } finally {
            planned.cancel(false);
            alarm.off();
        }
    }

    /** Interrupts a thread unless it was switched off before: never a later write by accident. */
    private static final class Alarm implements Runnable {
        private final Thread writer;
        private boolean isOff;

        Alarm(Thread writer) {
            this.writer = writer;
        }

        @Override
        public synchronized void run() {
            if (!isOff) {
                writer.interrupt();
            }
        }

        synchronized void off() {
            isOff = true;
        }
    }
}
