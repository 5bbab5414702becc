// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.testing.fuzz;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;

/**
 * Feeds a reader with broken inputs and holds it to what every reader of untrusted files owes: it returns, or it throws the
 * clear error of its format; within two seconds; without allocating more than twenty times the input.
 *
 * <p>Decisions: the two seconds are the thread's own processor time and the memory is what the thread allocated, so neither
 * depends on what else the machine does. An input is made from the seed and its number alone: the message of a failure says
 * both, and {@code -Djacobian.fuzz.first=NUMBER} with one input makes it again. How many inputs are tried is {@code
 * -Djacobian.fuzz.inputs}: some thousands by default, a million in the profile {@code nightly}.
 */
public final class Fuzz {
    private static final long MOST_NANOS = 2_000_000_000L;
    private static final long MOST_TIMES_INPUT = 20;

    /** What a reader may allocate whatever the input: buffers, tables, the layers of a plan (whose number is limited). */
    private static final long BASE_BYTES = 64L << 20;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private Fuzz() {}

    /** Makes an input. */
    @FunctionalInterface
    public interface Maker {
        byte[] make(Choices choices);
    }

    /** Reads an input. */
    @FunctionalInterface
    public interface Reader {
        void read(byte[] input) throws Exception;
    }

    /** Inputs that a test tries, {@code usual} unless the system property says otherwise. */
    public static int inputs(int usual) {
        return Integer.getInteger("jacobian.fuzz.inputs", usual);
    }

    /**
     * Tries inputs one after the other.
     *
     * @param clear whether what was thrown is a clear error
     * @return how many inputs were read without an error: a test asserts that neither all nor none were
     */
    public static int run(int inputs, long seed, Maker maker, Reader reader, Predicate<Throwable> clear) {
        long first = Long.getLong("jacobian.fuzz.first", 0);
        AtomicLong current = new AtomicLong(first);
        Thread watch = Thread.ofPlatform().daemon().start(() -> report(seed, current));
        int read = 0;
        try {
            for (long number = first; number < first + inputs; number++) {
                current.set(number);
                byte[] input = maker.make(new Choices(seed, number));
                if (tryOne(input, "seed " + seed + ", input " + number, reader, clear)) {
                    read++;
                }
            }
        } finally {
            watch.interrupt();
        }
        return read;
    }

    private static boolean tryOne(byte[] input, String which, Reader reader, Predicate<Throwable> clear) {
        Throwable thrown = null;
        long nanos = THREADS.getCurrentThreadCpuTime();
        long bytes = THREADS.getCurrentThreadAllocatedBytes();
        try {
            reader.read(input);
        } catch (Throwable e) { // errors too: a StackOverflowError is what is looked for
            thrown = e;
        }
        bytes = THREADS.getCurrentThreadAllocatedBytes() - bytes;
        nanos = THREADS.getCurrentThreadCpuTime() - nanos;
        if (thrown != null && !clear.test(thrown)) {
            throw new AssertionError(which + ": not a clear error", thrown);
        }
        if (nanos > MOST_NANOS) {
            throw new AssertionError(which + ": took " + nanos / 1_000_000 + " ms");
        }
        if (bytes > BASE_BYTES + MOST_TIMES_INPUT * input.length) {
            throw new AssertionError(which + ": allocated " + bytes + " bytes for an input of " + input.length);
        }
        return thrown == null;
    }

    /** Names an input that does not end, which no test can stop. */
    private static void report(long seed, AtomicLong current) {
        try {
            for (long last = -1; ; last = current.get()) {
                Thread.sleep(60_000);
                if (current.get() == last) {
                    System.err.println("seed " + seed + ", input " + last + ": still being read after a minute");
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the run is over
        }
    }
}
