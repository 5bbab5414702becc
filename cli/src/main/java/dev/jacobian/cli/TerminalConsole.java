// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.io.Printable;
import dev.jacobian.transformer.generation.FinishReason;
import dev.jacobian.transformer.generation.Generation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Objects;
import java.util.Optional;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.Reference;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.DefaultParser;
import org.jline.terminal.Terminal;
import org.jline.terminal.Terminal.Signal;
import org.jline.terminal.Terminal.SignalHandler;

/**
 * A conversation with a person at a terminal: lines are edited and earlier ones found again (JLine), Ctrl-C stops an answer or
 * drops a line, Ctrl-D leaves.
 */
final class TerminalConsole implements ChatConsole {
    private static final String PROMPT = "> ";
    private static final String MORE = ". ";

    private final Terminal terminal;
    private final LineReader reader;
    private final LineEnds lineEnds = new LineEnds();
    private SignalHandler before = SignalHandler.SIG_DFL;

    TerminalConsole(Terminal terminal) {
        this.terminal = terminal;
        DefaultParser parser = new DefaultParser()
                .eofOnEscapedNewLine(true)
                .eofOnUnclosedQuote(false)
                .quoteChars(new char[0]); // prose has apostrophes
        reader = LineReaderBuilder.builder()
                .terminal(terminal)
                .parser(parser)
                .variable(LineReader.SECONDARY_PROMPT_PATTERN, MORE)
                .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true) // an exclamation mark is one
                .build();
        Objects.requireNonNull(reader.getKeyMaps().get(LineReader.MAIN))
                .bind(new Reference(LineReader.SELF_INSERT_UNMETA), "\033\r");
    }

    @Override
    public Optional<String> read() {
        while (true) {
            try {
                return Optional.of(reader.readLine(PROMPT).replace("\\\n", "\n"));
            } catch (UserInterruptException e) {
                if (e.getPartialLine().isEmpty()) {
                    tell("Ctrl-D or /exit ends the conversation");
                }
            } catch (EndOfFileException e) {
                return Optional.empty();
            }
        }
    }

    @Override
    public void begin(Runnable stop) {
        before = terminal.handle(Signal.INT, signal -> stop.run());
    }

    @Override
    public void piece(String text) {
        print(lineEnds.next(text));
    }

    @Override
    public void end(String said, Generation generation, int promptTokens) {
        print(lineEnds.rest() + "\n");
        terminal.handle(Signal.INT, before);
        if (generation.finishReason() == FinishReason.CANCELLED) {
            tell("stopped");
        }
    }

    @Override
    public void tell(String text) {
        print(text.indent(2));
    }

    private void print(String text) {
        terminal.writer().print(Printable.of(text).replace("\n", System.lineSeparator()));
        terminal.flush();
    }

    @Override
    public boolean forgives() {
        return true;
    }

    @Override
    public void close() {
        try {
            terminal.close();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot give the terminal back", e);
        }
    }
}
