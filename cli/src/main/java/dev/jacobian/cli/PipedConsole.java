// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.transformer.generation.Generation;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * A conversation with another program: each line of standard input is a message, each answer is text and a line end, or a JSON
 * object on a line. The first problem ends it, since nobody is there to be told.
 */
final class PipedConsole implements ChatConsole {
    private static final int LONGEST = 1 << 24; // characters of a line

    private final Streams streams;
    private final boolean json;
    private final BufferedReader in;
    private final LineEnds lineEnds = new LineEnds();

    PipedConsole(Streams streams, boolean json) {
        this.streams = streams;
        this.json = json;
        this.in = new BufferedReader(new InputStreamReader(
                streams.in(),
                StandardCharsets.UTF_8
                        .newDecoder()
                        .onMalformedInput(CodingErrorAction.REPORT)
                        .onUnmappableCharacter(CodingErrorAction.REPORT)));
    }

    @Override
    public Optional<String> read() {
        StringBuilder line = new StringBuilder();
        try {
            for (int c = in.read(); c != '\n'; c = in.read()) {
                if (c < 0) {
                    return line.isEmpty() ? Optional.empty() : Optional.of(line.toString());
                }
                if (line.length() == LONGEST) {
                    throw new CliException("a line of standard input has more than " + LONGEST + " characters");
                }
                line.append((char) c);
            }
        } catch (CharacterCodingException e) {
            throw new CliException("standard input is not UTF-8; convert it first, for instance with iconv", e);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read standard input", e);
        }
        boolean isWindows = !line.isEmpty() && line.charAt(line.length() - 1) == '\r';
        return Optional.of(isWindows ? line.substring(0, line.length() - 1) : line.toString());
    }

    @Override
    public void begin(Runnable stop) {
        // an interrupt ends the program, as it ends others in a pipe
    }

    @Override
    public void piece(String text) {
        if (!json && !text.isEmpty()) {
            streams.stream(lineEnds.next(text));
        }
    }

    @Override
    public void end(String said, Generation generation, int promptTokens) {
        if (!json) {
            streams.line(lineEnds.rest());
            return;
        }
        ObjectNode object = Json.object().put("role", "assistant").put("content", said);
        ArrayNode ids = object.putArray("token_ids");
        for (int id : generation.tokenIds()) {
            ids.add(id);
        }
        object.put("finish_reason", generation.finishReason().label());
        object.put("prompt_tokens", promptTokens);
        object.put("completion_tokens", generation.tokenIds().length);
        streams.json(object);
    }

    @Override
    public void tell(String text) {
        streams.note(text);
    }

    @Override
    public boolean forgives() {
        return false;
    }

    @Override
    public void close() {
        // standard input is not ours
    }
}
