// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.rows;

import dev.jacobian.io.Jsonl;
import dev.jacobian.tensor.Nullable;
import java.io.IOException;
import java.io.Reader;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Records of RFC 4180, one at a time. A cell that begins with a quote goes on to the next single one, over delimiters and line ends;
 * blank lines and a byte order mark at the beginning are passed over.
 *
 * <p>A record that breaks the rules is read to its end all the same, with what is wrong: whoever leaves it out goes on behind it.
 */
final class CsvReader implements AutoCloseable {
    private static final int BUFFER = 1 << 13;
    private static final int MAX_CELLS = 10_000;
    private static final int END = -1;

    private final Reader in;
    private final char delimiter;
    private final char[] buffer = new char[BUFFER];
    private int at;
    private int filled;
    private long lineNumber = 1;
    private int characters; // of the record that is being read

    private @Nullable Line current;

    /**
     * A record.
     *
     * @param number of the line that it begins on, from 1
     * @param cells null where there is nothing between two delimiters
     * @param fault how it breaks the rules, if it does
     */
    record Line(long number, List<@Nullable String> cells, Optional<String> fault) {}

    /** A record has too many characters or cells to be one. */
    static final class TooLong extends IOException {
        private static final long serialVersionUID = 1;

        TooLong(String message) {
            super(message);
        }
    }

    CsvReader(Reader in, char delimiter) throws IOException {
        this.in = in;
        this.delimiter = delimiter;
        if (peek() == '\uFEFF') {
            at++;
        }
    }

    /** The record that {@link #next} went to. */
    Line line() {
        if (current == null) {
            throw new IllegalStateException("there is no record");
        }
        return current;
    }

    /**
     * Goes to the next record, if there is one.
     *
     * @throws TooLong if it has more than {@link Jsonl#MAX_LINE} characters; no more than that is held in memory
     */
    boolean next() throws IOException {
        while (isLineEnd(peek())) {
            endLine();
        }
        if (peek() == END) {
            return false;
        }
        long number = lineNumber;
        characters = 0;
        List<@Nullable String> cells = new ArrayList<>();
        Optional<String> fault = Optional.empty();
        while (true) {
            StringBuilder cell = new StringBuilder();
            boolean quoted = peek() == '"';
            Optional<String> here = quoted ? quoted(cell) : plain(cell);
            fault = fault.or(() -> here);
            cells.add(cell.isEmpty() && !quoted ? null : cell.toString());
            if (cells.size() > MAX_CELLS) {
                throw new TooLong("there are more than " + MAX_CELLS + " cells");
            }
            if (peek() != delimiter) {
                break;
            }
            at++;
        }
        if (peek() != END) {
            endLine();
        }
        current = new Line(number, cells, fault);
        return true;
    }

    private Optional<String> plain(StringBuilder cell) throws IOException {
        boolean quote = false;
        for (int c = peek(); c != END && c != delimiter && !isLineEnd(c); c = peek()) {
            quote |= c == '"';
            take(cell, c);
        }
        return quote ? Optional.of("there is a quote inside of a cell that does not begin with one") : Optional.empty();
    }

    private Optional<String> quoted(StringBuilder cell) throws IOException {
        at++;
        while (true) {
            int c = peek();
            if (c == END) {
                return Optional.of("a cell that begins with a quote has none at its end");
            }
            if (c == '"') {
                at++;
                if (peek() != '"') {
                    break;
                }
            }
            if (c == '\n') {
                lineNumber++;
            }
            take(cell, c);
        }
        int behind = cell.length();
        Optional<String> wrong = plain(cell);
        return cell.length() == behind ? wrong : Optional.of("there is text behind the quote that ends a cell");
    }

    private void take(StringBuilder cell, int c) throws IOException {
        at++;
        if (++characters > Jsonl.MAX_LINE) {
            throw new TooLong("the row has more than " + Jsonl.MAX_LINE + " characters, the most that are read of one");
        }
        cell.append((char) c);
    }

    private static boolean isLineEnd(int c) {
        return c == '\n' || c == '\r';
    }

    /** Goes behind a line end: {@code \n}, {@code \r} or both. */
    private void endLine() throws IOException {
        if (peek() == '\r') {
            at++;
            if (peek() == '\n') {
                at++;
            }
        } else {
            at++;
        }
        lineNumber++;
    }

    private int peek() throws IOException {
        if (at == filled) {
            filled = in.read(buffer);
            at = 0;
            if (filled < 0) {
                filled = 0;
            }
        }
        return at < filled ? buffer[at] : END;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
