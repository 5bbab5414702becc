// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

import dev.jacobian.tensor.Nullable;
import java.io.IOException;
import java.io.Reader;

/** Lines of a text as {@link java.io.BufferedReader#readLine} gives them, and none longer than a limit. */
final class LineReader implements AutoCloseable {
    private static final int BUFFER = 1 << 13;

    private final Reader in;
    private final int mostCharacters;
    private final char[] buffer = new char[BUFFER];
    private int at;
    private int end; // of what the buffer holds; -1 behind the end of the text
    private boolean isBehindReturn; // a line feed now would belong to the line end before

    /** A line has too many characters. */
    static final class TooLong extends IOException {
        private static final long serialVersionUID = 1;
    }

    LineReader(Reader in, int mostCharacters) {
        this.in = in;
        this.mostCharacters = mostCharacters;
    }

    /**
     * The next line without its end ({@code \n}, {@code \r} or both); null if there is none.
     *
     * @throws TooLong if it is longer than the limit; no more than that is held in memory
     */
    @Nullable
    String next() throws IOException {
        StringBuilder line = new StringBuilder();
        boolean isThere = false;
        while (fill()) {
            if (isBehindReturn && buffer[at] == '\n') {
                at++;
                isBehindReturn = false;
                continue;
            }
            isBehindReturn = false;
            isThere = true;
            int from = at;
            while (at < end && buffer[at] != '\n' && buffer[at] != '\r') {
                at++;
            }
            if (line.length() + at - from > mostCharacters) {
                throw new TooLong();
            }
            line.append(buffer, from, at - from);
            if (at < end) {
                isBehindReturn = buffer[at++] == '\r';
                return line.toString();
            }
        }
        return isThere ? line.toString() : null;
    }

    /** Whether there is more, which is then in the buffer. */
    private boolean fill() throws IOException {
        if (end >= 0 && at == end) {
            end = in.read(buffer);
            at = 0;
        }
        return end > 0;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
