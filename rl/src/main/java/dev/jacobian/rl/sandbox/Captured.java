// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/**
 * What a program writes, read as it comes so that it never waits for us, and kept up to a limit.
 *
 * <p>Reading stops at the limit: a program that goes on writing then waits in vain for the moment until it is ended, and we hold
 * no more than the limit.
 */
final class Captured {
    private final long limit;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(1024);
    private final Thread reader;
    private volatile boolean exceeded;

    /** Starts reading. */
    Captured(InputStream stream, long limit) {
        this.limit = limit;
        this.reader = Thread.ofVirtual().name("sandbox-output").start(() -> read(stream));
    }

    private void read(InputStream stream) {
        byte[] buffer = new byte[1 << 14];
        try (stream) {
            for (int n = stream.read(buffer); n >= 0; n = stream.read(buffer)) {
                synchronized (bytes) {
                    int room = (int) Math.min(n, limit - bytes.size());
                    bytes.write(buffer, 0, room);
                    if (room < n) {
                        exceeded = true;
                        return;
                    }
                }
            }
        } catch (IOException closed) {
            // the process was ended, or somebody who survived it holds the pipe and we gave up on it
        }
    }

    /** Whether it wrote more than it may. */
    boolean exceeded() {
        return exceeded;
    }

    /** Waits until all is read, but not for ever: a process that escaped may hold the pipe open. */
    void finish() throws InterruptedException {
        reader.join(Duration.ofSeconds(2));
    }

    byte[] bytes() {
        synchronized (bytes) {
            return bytes.toByteArray();
        }
    }
}
