// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.http;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** A connection on which a test sends what no decent client does. */
public final class RawClient implements AutoCloseable {
    private static final int PATIENCE_MILLIS = 60_000; // only a failing test waits so long

    private final Socket socket = new Socket();

    public RawClient(InetSocketAddress address) throws IOException {
        socket.setReceiveBufferSize(4096);
        socket.connect(address, PATIENCE_MILLIS);
        socket.setSoTimeout(PATIENCE_MILLIS);
    }

    /** Sends text as it is. */
    public RawClient send(String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
        socket.getOutputStream().flush();
        return this;
    }

    /** Everything up to the end of the connection, which may be rude. */
    public String receive() {
        StringBuilder all = new StringBuilder();
        byte[] buffer = new byte[8192];
        try {
            for (int n; (n = socket.getInputStream().read(buffer)) > 0; ) {
                all.append(new String(buffer, 0, n, StandardCharsets.UTF_8));
            }
        } catch (java.net.SocketTimeoutException e) {
            throw new UncheckedIOException("the server did not end the connection", e);
        } catch (IOException e) {
            all.append("<reset>");
        }
        return all.toString();
    }

    /** Reads up to and with some text. */
    public String receiveUntil(String text) throws IOException {
        StringBuilder all = new StringBuilder();
        while (all.indexOf(text) < 0) {
            int c = socket.getInputStream().read();
            if (c < 0) {
                throw new IOException("the connection ended before '" + text + "' came: " + all);
            }
            all.append((char) c);
        }
        return all.toString();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
