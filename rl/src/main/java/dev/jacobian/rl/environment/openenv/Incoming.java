// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.openenv;

import dev.jacobian.tensor.Nullable;
import java.io.IOException;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Messages of a WebSocket, whole, in order, up to a length; the end of the connection as a failure behind them. */
final class Incoming implements WebSocket.Listener {
    /** Messages that wait at most: there is one answer to a request, so more are a flood. */
    private static final int MOST = 4;

    /** A message, or why there will be no more. */
    private record Item(@Nullable String text, String end) {}

    private final BlockingQueue<Item> items = new LinkedBlockingQueue<>();
    private final StringBuilder part = new StringBuilder();
    private final int maxCharacters;

    Incoming(int maxCharacters) {
        this.maxCharacters = maxCharacters;
    }

    /** The next message. */
    String take(Duration timeout) throws IOException, InterruptedException, TimeoutException {
        Item item = items.poll(timeout.toMillis(), TimeUnit.MILLISECONDS);
        if (item == null) {
            throw new TimeoutException();
        }
        if (item.text == null) {
            items.add(item); // for whoever asks again
            throw new IOException(item.end);
        }
        return item.text;
    }

    private void end(WebSocket socket, String reason) {
        items.add(new Item(null, reason));
        socket.abort();
    }

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
        if ((long) part.length() + data.length() > maxCharacters || items.size() >= MOST) {
            end(socket, "the server sends more than a message of " + maxCharacters + " characters for a request");
            return null;
        }
        part.append(data);
        if (last) {
            items.add(new Item(part.toString(), ""));
            part.setLength(0);
        }
        socket.request(1);
        return null;
    }

    @Override
    public @Nullable CompletionStage<?> onBinary(WebSocket socket, ByteBuffer data, boolean last) {
        end(socket, "the server sends bytes, not text");
        return null;
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket socket, int status, String reason) {
        end(socket, "the server has closed the session (" + status + (reason.isEmpty() ? "" : ", " + reason) + ")");
        return null;
    }

    @Override
    public void onError(WebSocket socket, Throwable error) {
        end(socket, "the connection is lost (" + error + ")");
    }
}
