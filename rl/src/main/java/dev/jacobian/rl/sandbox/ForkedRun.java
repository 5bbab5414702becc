// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/**
 * A run of a {@link ForkServer}: a connection on which a line of JSON is sent, and a line of JSON, standard output and standard error come back.
 *
 * <p>Until the answer has come the connection is all that keeps the program alive. Closing our half ends it, and the other half closes when none of
 * its processes is left.
 */
final class ForkedRun implements AutoCloseable {
    private static final int GRACE_MILLIS = 5000; // for a keeper to end its run, on a busy machine
    private static final int CHUNK = 1 << 16;
    private static final Map<String, Ending> LIMITS = Map.of(
            "cpu", Ending.CPU_LIMIT,
            "wall", Ending.WALL_LIMIT,
            "memory", Ending.MEMORY_LIMIT,
            "output", Ending.OUTPUT_LIMIT);

    private final SocketChannel channel;
    private final Selector selector;
    private final ByteArrayOutputStream received = new ByteArrayOutputStream(1024);
    private final ByteBuffer buffer = ByteBuffer.allocate(CHUNK);

    /**
     * What a run came to.
     *
     * @param limit that it was ended for
     */
    record Answer(
            Optional<Ending> limit,
            int code,
            double cpuSeconds,
            double wallSeconds,
            long memoryBytes,
            byte[] stdout,
            byte[] stderr) {}

    /** Connects. */
    ForkedRun(UnixDomainSocketAddress address) throws IOException {
        channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(address);
            channel.configureBlocking(false);
            selector = Selector.open();
            channel.register(selector, SelectionKey.OP_READ);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /**
     * Sends a request and waits for the answer.
     *
     * @param seconds after which the server is taken to hang
     * @throws SandboxException if the run did not come about, or we were interrupted; it has been ended then
     */
    Answer ask(ObjectNode job, double seconds) throws IOException {
        send((Json.compact(job) + "\n").getBytes(StandardCharsets.UTF_8));
        if (!receive((long) (seconds * 1000))) {
            boolean interrupted = Thread.interrupted();
            channel.shutdownOutput();
            receive(GRACE_MILLIS);
            if (interrupted) {
                Thread.currentThread().interrupt();
                throw new SandboxException("interrupted while a program ran; it was ended");
            }
            throw new SandboxException("a warm worker did not answer within " + seconds + " s");
        }
        return answer(received.toByteArray());
    }

    private void send(byte[] request) throws IOException {
        ByteBuffer left = ByteBuffer.wrap(request);
        SelectionKey key = channel.keyFor(selector);
        while (left.hasRemaining()) {
            if (channel.write(left) == 0) { // the server is behind
                key.interestOps(SelectionKey.OP_WRITE);
                selector.select(GRACE_MILLIS);
                selector.selectedKeys().clear();
                key.interestOps(SelectionKey.OP_READ);
            }
        }
    }

    /** Reads to the end; false if there was none in time, or we were interrupted. */
    private boolean receive(long millis) throws IOException {
        long deadline = System.nanoTime() + millis * 1_000_000;
        while (true) {
            buffer.clear();
            int n = channel.read(buffer);
            if (n < 0) {
                return true;
            }
            received.write(buffer.array(), 0, n);
            long left = (deadline - System.nanoTime()) / 1_000_000;
            if (n == 0) {
                if (left <= 0 || Thread.currentThread().isInterrupted()) {
                    return false;
                }
                selector.select(left);
                selector.selectedKeys().clear();
            }
        }
    }

    private static Answer answer(byte[] bytes) {
        int end = 0;
        while (end < bytes.length && bytes[end] != '\n') {
            end++;
        }
        if (end == bytes.length) {
            throw new SandboxException("a warm worker ended before it had answered");
        }
        JsonNode head = Json.parse(new String(bytes, 0, end, StandardCharsets.UTF_8), "a warm worker's answer");
        if (head.has("failed")) {
            throw new SandboxException("a warm worker could not make a sandbox: "
                    + Tools.printable(head.get("failed").asText()));
        }
        int middle = end + 1 + head.get("stdout").asInt();
        if (bytes.length != middle + head.get("stderr").asInt()) {
            throw new SandboxException("a warm worker ended in the middle of its answer");
        }
        return new Answer(
                Optional.ofNullable(LIMITS.get(head.get("reason").asText())),
                head.get("code").asInt(),
                head.get("cpu").asDouble(),
                head.get("wall").asDouble(),
                head.get("memory").asLong(),
                Arrays.copyOfRange(bytes, end + 1, middle),
                Arrays.copyOfRange(bytes, middle, bytes.length));
    }

    @Override
    public void close() throws IOException {
        selector.close();
        channel.close();
    }
}
