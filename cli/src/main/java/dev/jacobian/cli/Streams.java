// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.Printable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * The three standard streams, so that tests can run commands without a process.
 *
 * <p>Results go to {@code out} and nothing else does; everything for the person who watches goes to {@code err}. Neither gets
 * control characters: names in files and what models say must not command a terminal, and whether one is at the end of a
 * pipe cannot be known. Who wants the characters themselves takes {@code --json}, where they are JSON's escapes.
 *
 * @param in bytes, read as UTF-8
 * @param out results
 * @param err messages
 */
record Streams(InputStream in, PrintStream out, PrintStream err) {
    /** Prints a piece of a result at once; fails when nobody can receive it any more. */
    void stream(String text) {
        out.print(Printable.of(text));
        flush();
    }

    /** Prints one line of a result. */
    void line(String text) {
        stream(text + "\n");
    }

    /** Prints a JSON value on one line; what JSON leaves as it is and a terminal obeys is escaped, which means the same. */
    void json(JsonNode value) {
        line(Json.compact(value)); // line() writes control characters out as JSON's own escapes
    }

    /** The same for what is done twice, and told once. */
    Streams withoutNotes() {
        return new Streams(in, out, new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8));
    }

    /** Tells something that is no result. */
    void note(String message) {
        err.println("jacobian: " + Printable.of(message));
    }

    /**
     * All of standard input as text. One line end at the end of it is dropped, since it comes from {@code echo} or an
     * editor and is hardly ever meant.
     */
    String readText() {
        byte[] bytes = readBytes();
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
            if (text.endsWith("\r\n")) {
                return text.substring(0, text.length() - 2);
            }
            return text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
        } catch (CharacterCodingException e) {
            throw new CliException("standard input is not UTF-8; convert it first, for instance with iconv", e);
        }
    }

    /** Standard input as one JSON value. */
    JsonNode readJson() {
        return Json.parse(readBytes(), "standard input");
    }

    private byte[] readBytes() {
        if (System.console() != null && System.console().isTerminal()) {
            note("reading standard input; end it with Ctrl-D");
        }
        try {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read standard input", e);
        }
    }

    private void flush() {
        if (out.checkError()) {
            throw new CliException("cannot write to standard output: the reader has gone or the disk is full");
        }
    }
}
